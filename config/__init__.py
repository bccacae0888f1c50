"""Settings and logs: what every entry point reads first."""
