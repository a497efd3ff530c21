"""What room systems are told to do."""
