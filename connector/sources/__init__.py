"""Calendar services, one driver a file; the file's name is its `kind`."""
