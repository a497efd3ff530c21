"""The inventory as it is changed: plans, what was applied, what was undone."""
