"""The inventory as people change it."""
