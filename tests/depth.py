"""How many examples a property is tried with, where it needs another number than the others."""

from hypothesis import settings

# What hypothesis tries where nothing is said, and the suite in full.
_FULL = 100


def examples(full: int) -> int:
    """Return the number for this run: `full`, or its share where the run takes a first look only."""
    return max(1, full * settings().max_examples // _FULL)
