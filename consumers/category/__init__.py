"""The category track: what each line is for, in the tenant's taxonomy, with the evidence for it."""
