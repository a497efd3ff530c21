"""Fakes: in-memory drivers and a clock that only tests move."""
