"""The local cloud's changes of moto's Secrets Manager."""
