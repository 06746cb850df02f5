"""EventBridge: buses and rules."""
