"""Reads documents: bytes become words with boxes."""
