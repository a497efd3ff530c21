"""Programs written by others."""
