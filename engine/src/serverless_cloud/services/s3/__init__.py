"""S3: buckets and their events.

docs/fidelity/s3.md says how it differs from AWS.
"""
