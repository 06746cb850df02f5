"""Athena.

docs/fidelity/athena.md says how it differs from AWS.
"""
