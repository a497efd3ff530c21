"""Who came to which meeting, and rooms given back that nobody came to."""
