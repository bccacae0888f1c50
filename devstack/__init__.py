"""Real Kafka, a real schema registry and PostgreSQL as child processes of a developer's machine, without Docker."""
