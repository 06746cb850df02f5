"""EventBridge Pipes: from a source, by way of filters and enrichment, to a target. No moto."""
