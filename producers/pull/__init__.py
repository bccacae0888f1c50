"""Pulling card lines from where companies keep them: a table of a database, the objects under a prefix."""
