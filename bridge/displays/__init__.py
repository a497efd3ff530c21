"""Room displays: what they are told beside the agenda, and what is done at them."""
