"""How a stage can fail, by what has to happen next."""

__all__ = ["Halted", "LimitExceeded", "Poisoned", "Transient"]


class Transient(Exception):
    """Something the handler depends on does not answer; trying again later can help.

    The key's lane waits and backs off; nothing is dead-lettered. `dependency` names what is missing, for readiness.
    """

    def __init__(self, dependency: str, message: str) -> None:
        super().__init__(dependency, message)
        self.dependency = dependency

    def __str__(self) -> str:
        return str(self.args[1])


class Poisoned(Exception):
    """The record can never be handled; it goes to the dead letters with `reason`, a short upper-case code."""

    def __init__(self, reason: str, message: str) -> None:
        # Both arguments are kept, so that the exception survives the way out of a worker process.
        super().__init__(reason, message)
        self.reason = reason

    def __str__(self) -> str:
        return str(self.args[1])


class LimitExceeded(Poisoned):
    """The record broke a limit of time, memory, pages, pixels or bytes."""

    def __init__(self, message: str) -> None:
        super().__init__("LIMIT_EXCEEDED", message)

    def __reduce__(self) -> tuple[type["LimitExceeded"], tuple[str]]:
        return type(self), (str(self),)


class Halted(Exception):
    """The stage must stop: going on would be wrong, whatever the record."""
