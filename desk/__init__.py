"""The review desk: what a person decides about a held expense becomes an event."""
