"""Kinesis: data streams.

docs/fidelity/event-sources.md says how it differs from AWS.
"""
