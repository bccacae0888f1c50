"""Seal: the only writer of the audit log."""
