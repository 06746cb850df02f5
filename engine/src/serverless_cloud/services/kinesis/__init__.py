"""Kinesis: data streams."""
