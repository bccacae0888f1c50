"""A general ledger over HTTP that ships with the project: strict about money, honest about duplicates.

It stands where a company's ERP stands, for the demonstration and for tests, and can be told to misbehave the way
networks do. It shares no code with the pipeline, so that the one checks the other. `python -m erp` runs it.
"""
