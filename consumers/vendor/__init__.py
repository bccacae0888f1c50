"""The vendor track: which vendor of the master a printed seller or a raw card merchant is."""
