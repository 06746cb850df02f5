"""EC2: addresses and interfaces.

docs/fidelity/vpc.md says how it differs from AWS.
"""
