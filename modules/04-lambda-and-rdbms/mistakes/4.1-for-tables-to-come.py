#: breaks: least
#: expects: privileges that no order needs.*tables that others create later
#: because: A function is thought to need the tables that somebody adds later.
#: replaces: 2
try:
    functions.delete_function(FunctionName="orders")  # its environments end and free their seats
except functions.exceptions.ResourceNotFoundException:
    pass  # an earlier run of this cell deleted it
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
    administrator.execute("CREATE ROLE sale_app LOGIN PASSWORD 'tsuki-lamp-42'")
    administrator.execute("GRANT INSERT, SELECT ON ALL TABLES IN SCHEMA public TO sale_app")
    administrator.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO sale_app")
    administrator.execute("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT INSERT, SELECT ON TABLES TO sale_app")
variables |= {"DB_USER": "sale_app", "DB_PASSWORD": "tsuki-lamp-42"}

hikari.deploy(aws, "orders", "orders.py", variables)
after = aws.at_once("orders", customers(BURST))
print(sorted(Counter(result.outcome for result in after).items()))
for error in sorted({result.error for result in after if result.error}):
    print(error.partition("FATAL: ")[2] or error)
print("can the administrator log in?", administrator_can_log_in())
