"""Join details."""
