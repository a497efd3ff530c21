"""What room systems are told to do: dial, hang up, be shown their list, find their calendar."""
