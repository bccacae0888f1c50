"""Understands what was read: words become fields and lines."""
