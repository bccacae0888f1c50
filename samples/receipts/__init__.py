"""Receipts that look photographed: each ticket is drawn by its own layout, then held in front of a simulated camera."""
