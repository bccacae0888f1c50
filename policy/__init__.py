"""Policy as data, judged the same for ever: no Kafka, no clock, no I/O beyond loading rule files."""
