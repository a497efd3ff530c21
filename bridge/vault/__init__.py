"""Secrets encrypted at rest: one file below `data_dir`, and the keys that open it."""
