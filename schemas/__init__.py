"""The contracts: what travels between the parts of Spendtrail, and nothing else."""
