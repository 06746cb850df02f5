#: breaks: one-row
#: expects: accepts the same order twice
#: because: a table has a number of its own as its key; the order's id is a column like the others
#: replaces: 3
%%writefile hikari-shop/functions/schema.sql
CREATE TABLE IF NOT EXISTS orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text NOT NULL,
    customer text NOT NULL,
    lamp text NOT NULL,
    quantity int NOT NULL,
    status text NOT NULL DEFAULT 'accepted'
);
