"""Changes of moto that concern all services."""
