"""What a room, an event, a booking and an agenda are. No network."""
