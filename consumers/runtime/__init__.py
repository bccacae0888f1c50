"""The stage runner: polls, runs handlers in lanes, and hands over exactly once."""
