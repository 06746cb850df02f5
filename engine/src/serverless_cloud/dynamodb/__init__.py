"""Items of DynamoDB tables: their values, and every language in which a request speaks about them. No moto."""
