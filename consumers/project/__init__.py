"""Project: the read model, folded from the audit log alone. Lose it and it is rebuilt from there."""
