"""The forms in which governments publish their per diems, each read into a table of the policy's own form."""
