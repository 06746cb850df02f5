"""The teaching proxy: RDS Proxy for PostgreSQL, as AWS documents it, in a program that you can read.

The core knows the protocol and does no input or output:

    wire        messages of PostgreSQL's protocol 3
    scram       the login with a password, both sides
    login       a client's login; upstream: the proxy's own login to the database
    statements  prepared statements, which must work on whichever connection a client has borrowed
    pinning     which statements tie a client to its connection
    session     one client: what goes to the database, what comes back, when the connection is free again
    pool        who borrows which connection, who waits, who has waited too long

Around it stand `metrics` and `events` (what the proxy tells of itself), `settings`, `shell` (asyncio: the only place
that touches a socket) and `__main__` (the process, steered by lines of JSON).
"""
