"""Batch: jobs and their queues."""
