"""Card feeds by format: one reader each, all of them giving the same records."""
