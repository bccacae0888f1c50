"""The private PostgreSQL: up without any system service, its data kept, nothing left when removed."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devstack import postgres

pytestmark = pytest.mark.postgres


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Return a home whose database is gone after the test; skip with the remedy where PostgreSQL is not installed."""
    try:
        postgres.binaries()
    except postgres.PostgresError as error:
        pytest.skip(str(error))
    yield tmp_path
    postgres.remove(tmp_path)


def test_database_keeps_its_url_and_data_between_runs(home: Path) -> None:
    """Stopping cuts the open connections and loses nothing that was committed; starting twice changes nothing."""
    url = postgres.start(home)
    assert postgres.start(home) == url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'here' AS word")
    lingering = psycopg.connect(url)
    assert postgres.stop(home)
    assert not postgres.stop(home)
    lingering.close()
    assert postgres.start(home) == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchall() == [("here",)]


def test_other_users_of_the_machine_have_no_way_in(home: Path) -> None:
    """Loopback is shared by everyone on the machine, so the password is asked for, and kept from other users."""
    url = postgres.start(home)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "guess"))
    assert (home / "postgres.json").stat().st_mode & 0o077 == 0


def test_removing_leaves_no_process_and_no_data(home: Path) -> None:
    """A run's database goes with the run, for root too, whose data lives outside the home."""
    url = postgres.start(home)
    postgres.remove(home)
    assert not (home / "postgres.json").exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    postgres.remove(home)


def test_run_fixture_serves(postgres_url: str) -> None:
    """The run's shared database answers."""
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
