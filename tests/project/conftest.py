"""A read model in each database, and an audit log in memory that fills it."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from consumers.project.database import open_database, prepare
from consumers.project.tables import METADATA


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty, prepared read model."""
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path_factory.mktemp('model')}/model.sqlite")
    else:
        opened = open_database(_own_database(request.getfixturevalue("postgres_url")))
        METADATA.drop_all(opened)
    prepare(opened)
    yield opened
    opened.dispose()


def _own_database(url: str) -> str:
    """Make a database for this process, so that test workers do not meet."""
    name = f"project_{os.getpid()}"
    engine = create_engine(open_database(url).url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        if connection.scalar(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}) is None:
            connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)
