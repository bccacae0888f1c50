"""Post approved expenses to the ERP, each once, and bring what it refuses back to a person."""
