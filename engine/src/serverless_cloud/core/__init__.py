"""The base of every room: the declared patches of moto, and the data plane that they hand over to."""
