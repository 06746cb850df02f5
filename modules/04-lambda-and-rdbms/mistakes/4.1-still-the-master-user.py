#: breaks: use-role
#: expects: still logs in as the master user
#: because: The role is there, and the function does not use it.
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
    administrator.execute("GRANT INSERT, SELECT ON orders TO sale_app")

hikari.deploy(aws, "orders", "orders.py", variables)
