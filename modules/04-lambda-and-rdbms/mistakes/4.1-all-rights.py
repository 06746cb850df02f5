#: breaks: least
#: expects: privileges that no order needs
#: because: The role gets all rights on the table, so that nothing is missing.
#: replaces: 2
try:
    functions.delete_function(FunctionName="orders")  # its environments end, and give their seats back
except functions.exceptions.ResourceNotFoundException:
    pass  # an earlier run of this cell has deleted it
variables = database.as_variables("hikari")
with database.connect() as administrator:
    administrator.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'sale_app') THEN  -- from an earlier run of this cell
                GRANT sale_app TO CURRENT_USER;
                DROP OWNED BY sale_app;
                DROP ROLE sale_app;
            END IF;
        END $$
    """)
    administrator.execute("CREATE ROLE sale_app LOGIN PASSWORD 'lamps-by-night-3'")
    administrator.execute("GRANT ALL PRIVILEGES ON orders TO sale_app")
variables |= {"DB_USER": "sale_app", "DB_PASSWORD": "lamps-by-night-3"}

hikari.deploy(aws, "orders", "orders.py", variables)
