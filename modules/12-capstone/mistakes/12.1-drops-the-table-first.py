#: breaks: again
#: expects: throws the orders away
#: because: makes the second run work by dropping the table before it is made
#: replaces: 3
%%writefile hikari-shop/functions/schema.sql
DROP TABLE IF EXISTS orders;
CREATE TABLE orders (
    order_id text PRIMARY KEY,
    customer text NOT NULL,
    lamp text NOT NULL,
    quantity int NOT NULL,
    status text NOT NULL DEFAULT 'accepted'
);
