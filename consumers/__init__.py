"""The stages: one folder each, run by the runtime, wired in one table."""
