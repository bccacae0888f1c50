"""Fixtures of the whole suite: the real stack, started by the first test that asks for it."""

pytest_plugins = ["tests.plugins.stack"]
