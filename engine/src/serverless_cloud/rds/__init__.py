"""RDS in the local cloud: one real PostgreSQL for each DB instance.

    notebook's cloud server                 instance process (one for each)          PostgreSQL
    services/rds    -> instances.py --> instance_process.py -> postgres.py ----> postmaster on a private port
                                            gate.py: the endpoint, one login at a time

The endpoint that `describe_db_instances` shows is the gate's; docs/fidelity.md says what differs from AWS.
"""
