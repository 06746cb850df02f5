"""Secrets Manager: what the local cloud changes in moto's."""
