"""What every room builds on: the declared patches of moto, and the data plane that they hand over to."""
