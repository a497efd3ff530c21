"""Whether anybody uses a room, whatever its calendar says."""
