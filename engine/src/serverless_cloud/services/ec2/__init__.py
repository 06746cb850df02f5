"""EC2: addresses and interfaces."""
