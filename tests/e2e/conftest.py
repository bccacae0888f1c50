"""One whole system for all end-to-end tests of a file."""

from collections.abc import Iterator

import pytest

from tests.e2e.whole import Whole


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """Bring a system up, take it down, and see that it leaves no process."""
    system = Whole(tmp_path_factory.mktemp("whole"))
    try:
        system.up()
        yield system
    finally:
        system.down()
    assert system.processes() == []
