"""A file's bytes become data: read the page (slow), then understand it (fast). Pure: no Kafka, no clock, no network."""
