"""Helm for the tests that render."""

from pathlib import Path

import pytest

from tests.helm.binary import NoGo, helm_binary


@pytest.fixture(scope="session")
def helm() -> Path:
    """Return the program, skipping with the remedy where nothing can build it."""
    try:
        return helm_binary()
    except NoGo as error:
        pytest.skip(str(error))
