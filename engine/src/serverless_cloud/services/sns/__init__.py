"""SNS: topics."""
