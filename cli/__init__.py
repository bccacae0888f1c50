"""The command line: one file per subject, every verb with `--json` and exit code 0, 1 or 2."""
