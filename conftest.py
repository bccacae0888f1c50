"""Fixtures of the whole suite: the real stack, started by the first test that asks for it."""

import gc

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

pytest_plugins = ["tests.plugins.share", "tests.plugins.stack"]

# The collector walks every class imported so far each time it runs: at its usual threshold, a seventh of all the time.
gc.set_threshold(50_000, 50, 50)

# A timing is never a test: a busy machine must not fail one. Failures print what reproduces them.
settings.register_profile("suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
# A first look at every property, in seconds; the same properties are tried in full by the tier that follows.
settings.register_profile("quick", settings.get_profile("suite"), max_examples=20)
settings.load_profile("suite")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that try many examples, so that a tier can ask for them."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("property")


def pytest_collection_finish() -> None:
    """What is imported by now stays: the collector need not look at it again."""
    gc.freeze()
