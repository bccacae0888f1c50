"""screen: all that looks across the expenses of a ledger: duplicates, splits, budgets, receipt and card line."""
