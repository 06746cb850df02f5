"""Hikari, the lamp shop that the lessons follow, and what single modules need: databases, stores, workloads."""
