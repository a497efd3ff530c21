"""Guides made for one configuration: steps, and commands that can be pasted as they are."""
