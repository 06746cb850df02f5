"""HTTP APIs (API Gateway version 2): from a request to the integration, and back."""
