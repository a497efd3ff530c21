"""Room systems, one driver a file or folder; its name is its `kind`."""
