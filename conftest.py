"""Fixtures of the whole suite: the real stack, started by the first test that asks for it."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.plugins.stack"]

# A timing is never a test: a busy machine must not fail one. Failures print what reproduces them.
settings.register_profile("suite", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
