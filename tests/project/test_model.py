"""The read model, in SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import orjson
import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError

from audit.reconstruct import state_at
from audit.story import story
from consumers.project.columns import Money
from consumers.project.database import open_database, prepare, upsert
from consumers.project.fold import Reading
from consumers.project.hot import Hot
from consumers.project.queries import ReadModel
from consumers.project.tables import (
    ENTRIES,
    EXPENSES,
    LINES,
    METADATA,
    NUMBERS,
    PROBLEMS,
    SCHEMA,
    SCHEMAS,
)
from consumers.project.told import Unreadable
from consumers.project.write import next_offset, write
from schemas import events as e
from schemas.codec import Undecodable
from schemas.lifecycle import State
from schemas.topics import AUDIT_LOG
from streams.record import Fetched
from tests.audit.trail import (
    CODEC,
    NOON,
    Trail,
    approved,
    begun,
    clean,
    coded,
    decided,
    facts,
    held,
    opened,
    posted,
    rejected,
    resolved,
    sealed,
)

LOG = "audit.log"


def entries_of(*trails: Trail) -> list[Fetched]:
    """The entries of trails, one after the other in one partition."""
    return [recorded(entry, offset) for offset, entry in enumerate(e for trail in trails for e in sealed(trail))]


def recorded(entry: e.AuditSealed, offset: int) -> Fetched:
    """An entry as a record of the log."""
    return Fetched(LOG, 0, offset, AUDIT_LOG.key(entry).encode(), CODEC.encode(entry))


def put(engine: Engine, entries: list[Fetched], reached: int, hot: Hot | None = None) -> int:
    """Write entries of partition 0."""
    return write(engine, LOG, entries, {0: reached}, Reading.by(CODEC), hot)


def fill(engine: Engine, *trails: Trail) -> None:
    """Write trails."""
    entries = entries_of(*trails)
    assert put(engine, entries, len(entries)) == len(entries)


def held_one(name: str = "held") -> Trail:
    """An expense that waits for a person."""
    return held(decided(coded(begun(name)), violation=True))


def dead_one(name: str = "dead") -> Trail:
    """An expense that could not be read."""
    trail = begun(name)
    trail.dead_letter("ocr", "LIMIT_EXCEEDED")
    return trail


def corrected_one(name: str = "one") -> Trail:
    """An expense whose correction left it without problems."""
    trail = held_one(name)
    trail.go(
        e.ReviewClosed, "approval", State.PARSED, beside=True, action="correct", actor="cd" * 16, reason="Misread."
    )
    trail.go(e.ExpenseCorrected, "approval", State.PARSED, revision=2, facts=facts("80.00"), lines=(), problems=())
    return trail


def test_same_as_the_audit_fold(engine: Engine) -> None:
    """What the tables say of each expense is exactly what an auditor's replay says."""
    trails = [clean("one"), resolved("two"), rejected(held_one("three")), dead_one("four"), corrected_one("five")]
    fill(engine, *trails)
    model = ReadModel(engine)
    for trail in trails:
        history = list(opened(sealed(trail)))
        (expected,) = state_at(history, datetime.max.replace(tzinfo=UTC)).values()
        assert model.expense(trail.event.expense_id) == expected
        assert model.story(trail.event.expense_id) == story(history)
    assert model.expense("nobody") is None
    assert model.story("nobody") == []


@pytest.mark.parametrize("hot", [None, Hot()], ids=["read", "remembered"])
@pytest.mark.parametrize("run", [1, 2, 5, 100])
def test_any_batching_gives_the_same(engine: Engine, run: int, hot: Hot | None) -> None:
    """However the log is cut into transactions, and whether rows are remembered, the tables end up the same."""
    trails = (resolved("two"), corrected_one("five"), posted(approved(decided(coded(dead_one("six"))))))
    entries = entries_of(*trails)
    for begin in range(0, len(entries), run):
        chunk = entries[begin : begin + run]
        put(engine, chunk, chunk[-1].offset + 1, hot)
    for trail in trails:
        (expected,) = state_at(opened(sealed(trail)), datetime.max.replace(tzinfo=UTC)).values()
        assert ReadModel(engine).expense(trail.event.expense_id) == expected
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(ENTRIES)) == len(entries)
        five = corrected_one("five").event.expense_id
        for table in (LINES, PROBLEMS):
            count = select(func.count()).select_from(table).join(NUMBERS, NUMBERS.c.number == table.c.number)
            assert connection.scalar(count.where(NUMBERS.c.expense_id == five)) == 0


def test_replays_change_nothing(engine: Engine) -> None:
    """Entries below the stored offset are left out, whoever brings them again."""
    entries = entries_of(resolved())
    assert put(engine, entries[:8], 8) == 8
    assert put(engine, entries[4:], len(entries)) == len(entries) - 8
    assert put(engine, entries, len(entries)) == 0
    assert next_offset(engine, LOG, 0) == len(entries)
    assert next_offset(engine, LOG, 1) == 0


def test_what_another_process_folded_is_read_and_not_remembered(engine: Engine) -> None:
    """A partition that went away and came back has other rows than those left here; so has one that was lost."""
    entries, hot = entries_of(resolved()), Hot()
    put(engine, entries[:4], 4, hot)
    put(engine, entries[4:8], 8)
    put(engine, entries[8:], len(entries), hot)
    (expected,) = state_at(opened(sealed(resolved())), datetime.max.replace(tzinfo=UTC)).values()
    assert ReadModel(engine).expense(expected.expense_id) == expected
    assert hot.among([expected.expense_id])[expected.expense_id].sequence == expected.sequence
    hot.agree({0: 1})
    assert hot.among([expected.expense_id]) == {}


def test_the_longest_forgotten_is_let_go(engine: Engine) -> None:
    """However many expenses pass by, so many are held and no more, those of the last batch among them."""
    hot = Hot()
    entries = entries_of(clean())
    put(engine, entries, len(entries), hot)
    id_ = clean().event.expense_id
    first = hot.among([id_])[id_]
    for number in range(9_000):
        hot.keep({str(number): first}, {0: number})
    assert len(hot.among([id_, *map(str, range(9_000))])) == 8_192
    assert hot.among([id_, "8999"]) == {"8999": first}


def test_rows_and_offsets_go_together(engine: Engine) -> None:
    """A transaction that fails on its last row leaves neither rows nor offsets."""
    entries = entries_of(clean())
    *_, last = sealed(clean())
    metadata = orjson.loads(last.metadata) | {"stage": None}
    bad = recorded(replace(last, metadata=orjson.dumps(metadata).decode()), entries[-1].offset)
    with pytest.raises(IntegrityError, match="stage"):
        put(engine, [*entries[:-1], bad], len(entries))
    assert next_offset(engine, LOG, 0) == 0
    assert ReadModel(engine).expenses() == []


def test_a_damaged_event_is_named_and_leaves_nothing(engine: Engine) -> None:
    """An event that cannot be read stops the fold at its entry, whatever came before it in the transaction."""
    entries, hot = entries_of(clean()), Hot()
    *_, last = sealed(clean())
    bad = recorded(replace(last, output=(last.output or b"")[:-3]), entries[-1].offset)
    with pytest.raises(Unreadable, match=rf"{LOG}/0/{bad.offset} is no readable audit entry"):
        put(engine, [*entries[:-1], bad], len(entries), hot)
    assert next_offset(engine, LOG, 0) == 0
    assert hot.among([last.expense_id]) == {}


@pytest.mark.parametrize(
    ("said", "told"),
    [({"recorded_at": "2026-03-14T12:00:00"}, "time zone"), ({"expense_id": "another"}, "key names another")],
)
def test_what_cannot_be_placed_is_no_entry(engine: Engine, said: dict[str, str], told: str) -> None:
    """Nobody could say when it was, or which of two expenses it is about: it is refused, and nothing is guessed."""
    entry = sealed(clean())[0]
    metadata = orjson.loads(entry.metadata) | said
    with pytest.raises(Unreadable, match=told):
        put(engine, [recorded(replace(entry, metadata=orjson.dumps(metadata).decode()), 0)], 1)


def test_events_are_read_without_a_registry(engine: Engine) -> None:
    """The tables keep the schemas of their events: whoever reads them asks nobody else, and is told what is missing."""
    fill(engine, clean())
    id_ = clean().event.expense_id
    assert ReadModel(engine).expense(id_) is not None
    with engine.begin() as connection:
        connection.execute(SCHEMAS.delete())
    with pytest.raises(Undecodable, match="not in the read model"):
        ReadModel(engine).expense(id_)


def test_position_past_the_last_entry(engine: Engine) -> None:
    """Offsets that hold no entry (transaction markers) count as read."""
    write(engine, LOG, [], {0: 7, 3: 2}, Reading.by(CODEC))
    assert (next_offset(engine, LOG, 0), next_offset(engine, LOG, 3)) == (7, 2)


def test_lists_and_pages(engine: Engine) -> None:
    """Lists filter by state, tenant and batch, come latest first, and go on after the last one seen."""
    fill(engine, clean("a"), clean("b"), held_one("c"), clean("d", None))
    model = ReadModel(engine)
    assert {s.state for s in model.expenses(state="posted")} == {"posted"}
    assert len(model.expenses(batch="batch-1")) == 3
    assert model.expenses(tenant="globex") == []
    everything = [s.expense_id for s in model.expenses()]
    assert everything == sorted(everything)
    pages = []
    after = None
    while page := model.expenses(limit=3, after=after):
        pages += [s.expense_id for s in page]
        after = page[-1].expense_id
    assert pages == everything
    assert model.counts() == {"posted": 3, "in_review": 1}
    assert model.counts(tenant="globex") == {}


def test_summary(engine: Engine) -> None:
    """A line of the list has what was read, exact amounts, and why it stands where it does."""
    fill(engine, held_one("c"), rejected(held_one("d")), dead_one("e"))
    by_state = {s.state: s for s in ReadModel(engine).expenses()}
    waiting = by_state["in_review"]
    assert (waiting.vendor, waiting.total, waiting.currency) == ("harbour hotel", Decimal("275.00"), "EUR")
    assert waiting.reporting_total == Decimal("275.00")
    assert waiting.submitted_at == NOON
    assert waiting.why == "CAP_EXCEEDED"
    assert by_state["rejected"].why == "Not a business trip."
    assert by_state["dead_lettered"].why == "LIMIT_EXCEEDED"


def test_reviews(engine: Engine) -> None:
    """Waiting reviews say why; closed ones say what came of them."""
    fill(engine, held_one("c"), resolved("d"), clean("a"))
    model = ReadModel(engine)
    (waiting,) = model.reviews()
    assert (waiting.codes, waiting.vendor) == (("CAP_EXCEEDED", "LOW_CONFIDENCE"), "harbour hotel")
    assert waiting.why.startswith("Lodging is 275.00 USD")
    assert waiting.closed_at is None
    (closed,) = model.reviews(waiting=False)
    assert (closed.action, closed.actor, closed.reason) == ("approve", "cd" * 16, "Trade fair.")
    assert model.reviews(tenant="globex") == []


def test_dead_letters(engine: Engine) -> None:
    """Open dead letters are listed with where they came from; handled after all, they are settled."""
    fill(engine, dead_one("e"), posted(approved(decided(coded(dead_one("f"))))))
    model = ReadModel(engine)
    (letter,) = model.dead_letters()
    assert (letter.stage, letter.reason, letter.source) == ("ocr", "LIMIT_EXCEEDED", "some.topic/0/1")
    assert [x.settled for x in model.dead_letters(settled=None)] == [False, True]


def test_batches(engine: Engine) -> None:
    """A batch counts its expenses per state, and what had entered with an earlier one."""
    again = clean("a", "batch-1")
    repeated = replace(again.event, batch_id="batch-2", event_id="5e4d7a3c-2f0b-5c1e-9a61-7b1f0c5d8e42")
    again.record(
        e.SubmissionRepeated(
            **{
                name: getattr(repeated, name)
                for name in e.SubmissionRepeated.__dataclass_fields__
                if name != "first_batch_id"
            },
            first_batch_id="batch-1",
        )
    )
    fill(engine, again, held_one("c"), begun("g"))
    model = ReadModel(engine)
    (first,) = model.batch("batch-1")
    assert first.counts == {"posted": 1, "in_review": 1, "submitted": 1}
    assert first.under_way == 1
    (second,) = model.batch("batch-2", tenant="acme")
    assert (second.counts, second.under_way) == ({"repeated": 1}, 0)
    assert model.batch("batch-1", tenant="globex") == []


def test_another_version_rebuilds(engine: Engine) -> None:
    """Tables of another version are emptied, offsets with them, so that the log is folded from its beginning."""
    fill(engine, clean())
    prepare(engine)
    assert len(ReadModel(engine).expenses()) == 1
    with engine.begin() as connection:
        connection.execute(update(SCHEMA).values(version=0))
    prepare(engine)
    assert ReadModel(engine).expenses() == []
    assert next_offset(engine, LOG, 0) == 0


@pytest.mark.parametrize("amount", ["0.1", "12345678901234567890.1234", "-0.0001", "1200.0000", "0"])
def test_amounts_are_exact(engine: Engine, amount: str) -> None:
    """Any amount comes back as it was, to the last digit; a float never gets in."""
    fill(engine, clean())
    expense_id = clean().event.expense_id
    with engine.begin() as connection:
        connection.execute(update(EXPENSES).values(total=Decimal(amount)))
        assert connection.scalar(select(EXPENSES.c.total)) == Decimal(amount)
        stored = connection.scalar(text("SELECT CAST(total AS TEXT) FROM expenses"))
        assert Decimal(str(stored)) == Decimal(amount)
    assert ReadModel(engine).expenses()[0].expense_id == expense_id
    with pytest.raises(TypeError, match="Decimal"):
        Money().process_bind_param(0.1, engine.dialect)


def test_personal_stays_sealed(engine: Engine) -> None:
    """The personal part is kept as ciphertext beside the body, and comes back as it was."""
    fill(engine, clean())
    sealed_part = clean().event.personal
    assert sealed_part is not None
    expense = ReadModel(engine).expense(clean().event.expense_id)
    assert expense is not None
    assert expense.personal == sealed_part


def test_moments_are_utc(engine: Engine) -> None:
    """Moments come back in UTC whatever zone they were written in."""
    row = {"topic": "t", "partition": 0, "next": 0}
    with engine.begin() as connection:
        upsert(connection, METADATA.tables["log_offsets"], [row, {**row, "next": 9}])
    assert next_offset(engine, "t", 0) == 9
    fill(engine, clean())
    (summary,) = ReadModel(engine).expenses()
    assert summary.submitted_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlserver://h"])
def test_unknown_database(url: str) -> None:
    """A URL of another database is refused with the two that work, and no password is repeated."""
    with pytest.raises(ValueError, match="sqlite:///file or postgresql"):
        open_database(url)
