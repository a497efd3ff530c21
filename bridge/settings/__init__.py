"""YAML in, frozen values out; every problem at once, with its place."""
