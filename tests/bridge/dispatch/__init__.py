"""Tests of looking after room systems."""
