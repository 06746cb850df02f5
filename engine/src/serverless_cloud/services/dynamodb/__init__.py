"""DynamoDB: items and streams."""
