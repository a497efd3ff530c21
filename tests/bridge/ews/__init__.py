"""The Exchange façade."""
