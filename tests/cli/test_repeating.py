"""A verb that goes on until it is ended."""

import signal
from collections.abc import Iterator

import pytest

from cli.context import Refused, Unreachable
from cli.repeating import repeated


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put the signals' handlers back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_what_does_not_answer_is_tried_again_until_it_is_ended(capsys: pytest.CaptureFixture[str]) -> None:
    """It goes on over an outage, and a signal ends it behind what it was doing."""
    done: list[str] = []

    def once() -> None:
        done.append("begun")
        if len(done) == 1:
            raise Unreachable("the key service does not answer")
        if len(done) > 2:
            signal.raise_signal(signal.SIGTERM)
            done.append("ended")

    repeated(0.001, once)
    assert done == ["begun", "begun", "begun", "ended"]
    assert "waiting the key service does not answer" in capsys.readouterr().err


def test_what_is_refused_ends_it() -> None:
    """Trying again would not help."""
    calls = []

    def once() -> None:
        calls.append(1)
        raise Refused("the key is none")

    with pytest.raises(Refused, match="the key is none"):
        repeated(0.001, once)
    assert calls == [1]


def test_once_is_once() -> None:
    """Without an interval it is done once, and says what went wrong by its exit code."""

    def once() -> None:
        raise Unreachable("nobody answers")

    with pytest.raises(Unreachable, match="nobody answers"):
        repeated(None, once)
