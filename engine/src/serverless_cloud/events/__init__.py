"""EventBridge: patterns, rules, targets and what is tried again. No moto."""
