"""The pages of /admin."""
