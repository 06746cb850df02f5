"""RDS: DB instances and proxies."""
