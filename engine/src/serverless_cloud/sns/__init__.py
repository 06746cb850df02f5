"""SNS: topics, filter policies, messages and their deliveries. No moto."""
