"""RDS: DB instances and proxies.

docs/fidelity/rds.md says how it differs from AWS.
"""
