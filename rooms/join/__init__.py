"""Join details: how an invitation becomes one touch."""
