#: breaks: again
#: expects: Migrate cannot run your schema.sql
#: because: makes a table that is there already
#: replaces: 3
%%writefile hikari-shop/functions/schema.sql
CREATE TABLE orders (
    order_id text PRIMARY KEY,
    customer text NOT NULL,
    lamp text NOT NULL,
    quantity int NOT NULL,
    status text NOT NULL DEFAULT 'accepted'
);
