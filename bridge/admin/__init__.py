"""Pages for people who look after rooms: made here, read without scripts."""
