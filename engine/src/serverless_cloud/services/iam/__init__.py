"""IAM: identities and policies.

docs/fidelity/iam.md says how it differs from AWS.
"""
