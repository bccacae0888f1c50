"""evaluate: each line of an expense on its own against the policy in force when it was submitted."""
