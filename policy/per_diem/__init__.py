"""Per diems: tables of rates by place and season, places found from what is stated, rates as constraint nodes."""
