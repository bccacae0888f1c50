"""One whole system for all end-to-end tests of a file."""

from collections.abc import Iterator, Mapping

import pytest

from tests.e2e.inside import Inside, opened
from tests.e2e.whole import Whole


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Return the settings of the file's system; a file that wants others has a fixture of this name."""
    return {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, environment: Mapping[str, str]) -> Iterator[Whole]:
    """Bring a system up, take it down, and see that it leaves no process."""
    system = Whole(tmp_path_factory.mktemp("whole"), environment)
    try:
        system.up()
        yield system
    finally:
        system.down()
    assert system.processes() == []


@pytest.fixture(scope="module")
def inside(whole: Whole) -> Iterator[Inside]:
    """Return the file's system from inside."""
    with opened(whole) as found:
        yield found
