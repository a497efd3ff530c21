"""Drivers for the outside world: calendar sources up, endpoints down."""
