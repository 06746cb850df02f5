"""IAM: identities and policies."""
