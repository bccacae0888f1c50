"""The one error family of the developer stack: whatever keeps it from starting, with the remedy in its message."""


class StackError(Exception):
    """The stack cannot be started as asked; the message says what to do. What ran before still runs."""
