"""REST APIs (API Gateway version 1): from a request to the integration, and back."""
