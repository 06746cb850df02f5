"""What the local cloud changes in moto as a whole."""
