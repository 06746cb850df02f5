"""Batch: jobs and their queues.

docs/fidelity/batch.md says how it differs from AWS.
"""
