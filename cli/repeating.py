"""A verb that does its work again and again, as a service."""

from collections.abc import Callable

from rich.markup import escape

from cli.context import Unreachable
from cli.output import errors
from producers.stopping import stop_on_signals

__all__ = ["repeated"]


def repeated(every_s: float | None, once: Callable[[], None]) -> None:
    """Do it once; with `every_s` again and again, so many seconds after each end, until SIGTERM or Ctrl-C.

    What is begun is brought to its end. What does not answer is told and tried again; what is refused ends it, for
    trying again would not help.

    Raises:
        Refused: as `once` does.
        Unreachable: as `once` does, where it is done once.

    """
    if every_s is None:
        once()
        return
    stop = stop_on_signals()
    while not stop.is_set():
        try:
            once()
        except Unreachable as error:
            errors.print(f"[yellow]waiting[/yellow] {escape(str(error))}", highlight=False)
        stop.wait(every_s)
