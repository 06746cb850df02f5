"""The teaching proxy: RDS Proxy for PostgreSQL, as AWS documents it, in a program that you can read.

The core knows the protocol and does no input or output:

    wire        messages of PostgreSQL's protocol 3
    scram       the login with a password, both sides
    login       a client's login; upstream: the proxy's own login to the database
    statements  prepared statements, which must work on whichever connection a client has borrowed
    pinning     which statements tie a client to its connection
    owed        what the database owes one client, and what it does with the client's next message
    session     one client: what goes to the database, and when the connection is free again
    answers     what comes back from the database
    pool        who borrows which connection, who waits, who has waited too long

Around it stand `metrics` and `event_lines` (what the proxy reports about itself), `settings`, `proxy` with
`client_link` and `server_link` (asyncio: the only places that touch a socket) and `__main__` (the process, steered by
lines of JSON).
"""
