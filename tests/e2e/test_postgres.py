"""The read model on PostgreSQL, for a whole system: what the stages write there, the command line reads."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from tests.e2e.inside import Inside, invoice
from tests.e2e.whole import Whole

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(600)]

VARIABLE = "SPENDTRAIL_READ_MODEL_URL"
UNREADABLE = b"PK\x03\x04 an archive, or what is left of it"


@pytest.fixture(scope="module")
def environment(postgres_url: str) -> Mapping[str, str]:
    """Return the URL of a database of the system's own, as an administrator would write it."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE whole_system")
    return {VARIABLE: make_url(postgres_url).set(database="whole_system").render_as_string(hide_password=False)}


@pytest.fixture(scope="module")
def ids(whole: Whole, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Upload three documents and return their expenses by file name."""
    folder = tmp_path_factory.mktemp("documents")
    files = {"telecom.xml": invoice(500), "archive.zip": UNREADABLE, "nothing.pdf": b""}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    answers = whole.json("upload", str(folder), "--employee", "E-500", "--batch", "three")
    return {Path(each["path"]).name: each["expense_id"] for each in answers}


def spelled_out(whole: Whole) -> Whole:
    """Return the same system with the driver named in the URL: the stages were given it without."""
    url = make_url(whole.environment[VARIABLE]).set(drivername="postgresql+psycopg")
    return whole.with_environment(**{VARIABLE: url.render_as_string(hide_password=False)})


def test_every_verb_reads_postgresql(whole: Whole, inside: Inside, ids: dict[str, str]) -> None:
    """Status, list, show, batch and review tell of three documents what the stages wrote under the URL's other name."""
    assert inside.settle(list(ids.values())) == {
        ids["telecom.xml"]: "posted",
        ids["archive.zip"]: "in_review",
        ids["nothing.pdf"]: "in_review",
    }
    seen = spelled_out(whole)
    # One look may see a tick that has just come.
    seen.rest()
    assert seen.status()["states"] == {"posted": 1, "in_review": 2}
    assert {row["why"] for row in seen.expenses("three").values()} >= {"UNSUPPORTED", "EMPTY"}
    assert {row["expense_id"] for row in seen.json("list", "--state", "posted")} == {ids["telecom.xml"]}
    shown = seen.json("show", ids["telecom.xml"][:13])[0]
    assert shown["expense"]["facts"]["total"] is not None
    assert [each["sequence"] for each in shown["story"]] == list(range(1, len(shown["story"]) + 1))
    (batch,) = seen.json("batch", "three")
    assert batch["counts"] == {"posted": 1, "in_review": 2}
    assert batch["under_way"] == 0
    waiting = {row["expense_id"]: row for row in seen.json("review", "list")}
    assert waiting.keys() == {ids["archive.zip"], ids["nothing.pdf"]}


def test_a_decision_reaches_postgresql(whole: Whole, inside: Inside, ids: dict[str, str]) -> None:
    """What a person rejects is rejected in the read model, and waits no longer."""
    inside.settle(list(ids.values()))
    whole.run("review", "reject", ids["archive.zip"], "--reason", "private")
    assert inside.settle([ids["archive.zip"]]) == {ids["archive.zip"]: "rejected"}
    assert ids["archive.zip"] not in {row["expense_id"] for row in whole.json("review", "list")}
    assert not (whole.home / "read-model.sqlite").exists()


def test_up_again_takes_new_settings_over(whole: Whole, inside: Inside, ids: dict[str, str]) -> None:
    """`up` with the other spelling of the URL restarts the stages with it, and they go on where they were."""
    before = inside.pid("project")
    changed = spelled_out(whole)
    changed.up()
    assert inside.pid("project") != before
    after = inside.send_invoice(501)
    assert inside.settle([after]) == {after: "posted"}
    assert len(changed.expenses()) == len(ids) + 1
