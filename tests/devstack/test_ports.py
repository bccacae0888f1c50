"""Ports are free, distinct, on loopback and outside the range outgoing connections take."""

import socket
from pathlib import Path

from devstack import ports


def test_chosen_ports_are_free_and_distinct() -> None:
    """Each name gets a port of its own that a service can listen on."""
    chosen = ports.choose(Path("/one"), ["a", "b", "c"])
    assert len(set(chosen.values())) == 3
    assert all(ports.is_free(port) and 20_000 <= port < 32_000 for port in chosen.values())


def test_port_in_use_is_passed_over() -> None:
    """A port another program listens on, or that is reserved for another service, is not given out."""
    first = ports.choose(Path("/two"), ["a"])["a"]
    with socket.create_server((ports.LOOPBACK, first)):
        assert not ports.is_free(first)
        second = ports.choose(Path("/two"), ["a"])["a"]
        assert second != first
        assert ports.choose(Path("/two"), ["a"], taken=[second])["a"] not in {first, second}


def test_two_homes_do_not_begin_at_the_same_port() -> None:
    """Stacks started side by side look in different places."""
    assert ports.choose(Path("/one"), ["a"]) != ports.choose(Path("/two"), ["a"])
