"""Other faces of a room than its page: a calendar to subscribe to, and a picture for e-ink."""
