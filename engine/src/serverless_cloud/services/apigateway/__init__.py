"""API Gateway: REST APIs, version 1, and HTTP APIs, version 2.

docs/fidelity/api-gateway.md says how it differs from AWS.
"""
