"""Items of DynamoDB tables: their values, and every language in which a request describes them. No moto."""
