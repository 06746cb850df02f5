"""Event patterns: of EventBridge rules, of Pipes, and of the filter criteria of event source mappings."""
