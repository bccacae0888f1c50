"""Documents and card lines from the door to the ERP or a person, on real Kafka."""

import json
import os
import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from samples.catalogue import make
from samples.sample import Sample
from tests.documents.collected import invoices, merged
from tests.e2e.whole import ENDED, Whole

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    """Return the sample set, drawn into a folder."""
    return make(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def samples_folder(samples: list[Sample]) -> Path:
    """Return the folder of the sample set."""
    return samples[0].path.parent


def upload(whole: Whole, *paths: Path, employee: str = "E-1") -> dict[Path, str]:
    """Upload files and return their expense ids."""
    answers = whole.json("upload", *map(str, paths), "--employee", employee, "--department", "operations")
    return {Path(a["path"]): a["expense_id"] for a in answers}


def test_every_document_ends_as_expected_and_a_second_upload_changes_nothing(
    whole: Whole, samples: list[Sample]
) -> None:
    """The whole sample set ends where it should, lag is exactly zero, and the same folder again changes nothing."""
    expected = {s.path: s.expectation for s in samples if s.path.suffix != ".csv"}
    documents = sorted(expected)
    ids = upload(whole, *documents)
    settled = whole.settle(set(ids.values()))
    assert {p.name: settled[i]["state"] for p, i in ids.items()} == {p.name: e.outcome for p, e in expected.items()}
    assert all(expected[p].code in (settled[i]["why"] or "") for p, i in ids.items())
    posted = sorted(i for i, row in settled.items() if row["state"] == "posted")
    assert sorted(whole.postings()) == posted
    again = upload(whole, *documents)
    assert again == ids
    whole.rest()
    assert set(whole.lag().values()) == {0}
    known = whole.expenses()
    assert {i: row["state"] for i, row in known.items()} == {i: row["state"] for i, row in settled.items()}
    assert sorted(whole.postings()) == posted


def test_unusable_documents_wait_with_their_problem(whole: Whole, samples_folder: Path) -> None:
    """Corrupt, empty, encrypted and unsupported files are in review, each with one typed problem and a story."""
    wanted = {
        "upload-interrupted.pdf": "CORRUPT",
        "statement-locked.pdf": "ENCRYPTED",
        "empty-scan.pdf": "EMPTY",
        "receipts.zip": "UNSUPPORTED",
    }
    ids = upload(whole, *(samples_folder / name for name in wanted))
    settled = whole.settle(set(ids.values()))
    assert {path.name: settled[i]["why"] for path, i in ids.items()} == wanted
    shown = whole.run("show", ids[samples_folder / "statement-locked.pdf"])
    assert "password" in shown
    assert "Held for a person" in shown


def test_a_document_can_be_replaced(whole: Whole, samples_folder: Path) -> None:
    """A person replaces what nobody can read, and the new document goes through as the next revision."""
    locked = samples_folder / "statement-locked.pdf"
    (expense,) = upload(whole, locked, employee="E-9").values()
    whole.settle({expense})
    good = samples_folder / "keystone-parts-three-pages.pdf"
    whole.run("review", "replace", expense, str(good), "--reason", "sent again without password")
    whole.rest()
    told = whole.json("show", expense)[0]
    assert told["expense"]["revision"] == 2
    assert told["expense"]["facts"]["total"] is not None


def test_the_same_document_of_another_person_is_flagged(whole: Whole, samples_folder: Path) -> None:
    """One file from two persons is two expenses, the second held as a duplicate."""
    path = samples_folder / "polderwind-ubl.xml"
    (first,) = upload(whole, path).values()
    whole.settle({first})
    (second,) = upload(whole, path, employee="E-2").values()
    assert first != second
    assert "DUPLICATE_EXACT" in whole.settle({second})[second]["why"]


def test_three_invoices_in_one_pdf_are_three_expenses(whole: Whole, tmp_path: Path) -> None:
    """Each is posted once for its own amount; batch, story, audit and a second upload know of all three."""
    first, second, third, _ = invoices()
    path = tmp_path / "post.pdf"
    path.write_bytes(merged(first.content, second.content, third.content))
    answers = whole.json("upload", str(path), "--employee", "E-7", "--department", "operations", "--batch", "post-7")
    (entered,) = (answer["expense_id"] for answer in answers)
    whole.settle({entered})
    whole.rest()
    parts = whole.expenses("post-7")
    assert {row["state"] for row in parts.values()} == {"posted"}
    assert {Decimal(row["total"]) for row in parts.values()} == {each.facts.total for each in (first, second, third)}
    assert [whole.postings().count(each) for each in parts] == [1, 1, 1]
    assert whole.json("batch", "post-7")[0]["counts"] == {"posted": 3}
    told = {each: whole.json("show", each)[0]["expense"]["portion"] for each in parts}
    assert sorted((p["number"], p["of"], p["file"], p["first_page"], p["last_page"]) for p in told.values()) == [
        (1, 3, entered, 1, 1),
        (2, 3, entered, 2, 4),
        (3, 3, entered, 5, 5),
    ]
    last = next(each for each, p in told.items() if p["number"] == 3)
    assert f"document 3 of 3 in the file of expense {entered}, page 5" in " ".join(whole.run("show", last).split())
    whole.run("upload", str(path), "--employee", "E-7", "--department", "operations")
    whole.rest()
    assert set(whole.expenses("post-7")) == set(parts)
    assert [whole.postings().count(each) for each in parts] == [1, 1, 1]
    account = whole.json("audit", "complete")[0]
    assert (account["complete"], account["erp"]["mismatches"]) == (True, [])
    assert account["erp"]["posted_here"] == account["erp"]["posted_there"] == len(whole.postings())
    assert whole.json("audit", "verify")[0]["alterations"] == []
    assert whole.json("audit", "alerts") == []


def test_a_card_feed_ends_and_reviews_are_resolved(whole: Whole, samples_folder: Path) -> None:
    """A feed of 200 lines ends; what is approved is posted once, what is rejected never."""
    feed = whole.json("card-feed", str(samples_folder / "card-feed-2026-10.csv"))[0]
    assert feed["rows"] == feed["events"] == 200
    whole.rest()
    lines = whole.expenses(feed["batch_id"])
    assert len(lines) == feed["expenses"]
    assert {row["state"] for row in lines.values()} <= ENDED
    held = sorted(i for i, row in lines.items() if row["why"] == "CAP_EXCEEDED")
    approved, rejected = held[0], held[1]
    assert approved not in whole.postings()
    whole.run("review", "approve", approved, "--reason", "agreed")
    whole.run("review", "reject", rejected, "--reason", "private")
    whole.run("review", "approve", rejected, expect=(1,))
    whole.rest()
    after = whole.expenses(feed["batch_id"])
    assert (after[approved]["state"], after[rejected]["state"]) == ("posted", "rejected")
    postings = Counter(whole.postings())
    assert postings[approved] == 1
    assert rejected not in postings
    again = whole.json("card-feed", str(samples_folder / "card-feed-2026-10.csv"))[0]
    whole.rest()
    assert {i: row["state"] for i, row in whole.expenses(feed["batch_id"]).items()} == {
        i: row["state"] for i, row in after.items()
    }
    assert Counter(whole.postings()) == postings
    assert again["expenses"] == feed["expenses"]


def test_a_killed_stage_loses_and_doubles_nothing(whole: Whole, samples_folder: Path) -> None:
    """Every stage is killed with SIGKILL while a feed goes through; each line still ends once."""
    before = Counter(whole.postings())
    feed = samples_folder / "another.csv"
    text = (samples_folder / "card-feed-2026-10.csv").read_text()
    feed.write_text(text.replace("2026-", "2025-"))
    sent = whole.json("card-feed", str(feed))[0]
    for address in (whole.home / "state").glob("*/*/address.json"):
        os.kill(json.loads(address.read_text())["pid"], signal.SIGKILL)
    whole.rest(120)
    lines = whole.expenses(sent["batch_id"])
    assert len(lines) == sent["expenses"]
    assert {row["state"] for row in lines.values()} <= ENDED
    fresh = Counter(whole.postings()) - before
    assert set(fresh.values()) == {1}
    assert sorted(fresh) == sorted(i for i, row in lines.items() if row["state"] == "posted")


def test_down_and_up_finds_everything_as_it_was(whole: Whole) -> None:
    """After `down` no process is left; after `up` every expense stands where it stood."""
    whole.rest()
    before = whole.expenses()
    whole.down()
    assert whole.processes() == []
    whole.up()
    whole.rest()
    assert whole.expenses() == before
