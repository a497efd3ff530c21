"""Feeds of states to services of the building: each a file, imported where it is wanted."""
