"""Reading topics apart from any consumer group: what stages, producers and auditors share."""
