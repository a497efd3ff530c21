"""Changing calendars: from what a caller asks to what the service and the room say of it."""
