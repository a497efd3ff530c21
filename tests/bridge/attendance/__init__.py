"""Who comes to meetings."""
