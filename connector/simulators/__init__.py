"""Simulated services and room systems that demo and tests talk to; none of them is real."""
