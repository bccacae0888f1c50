"""The currency track: what an expense is worth in the currency its ledger reports in."""
