"""The documentation; the pages under `reference` that repeat the code are derived from it by `docs.generate`."""
