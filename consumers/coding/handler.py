"""The coding stage: joins the three tracks' answers, then codes every line.

The output depends on the answers alone, never on which came last.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Final, TypeVar

from consumers.assertions import stated
from consumers.coding.code import Subject, code_lines
from consumers.coding.contract import check_contract
from consumers.coding.join import Joined, Joins
from consumers.coding.patterns import PatternBook
from consumers.coding.rules import SHIPPED_CHART, SHIPPED_RULES, CodingRules, load_coding_rules
from consumers.coding.tracks import TRACKS, Answer, track_of
from consumers.rulefile import rules_version
from consumers.runtime.stage import Handler, Table
from schemas.codec import Codec
from schemas.envelope import Event, caused, doubt
from schemas.events import (
    CategoryResolved,
    CurrencyConverted,
    ExpenseCoded,
    ExpenseParsed,
    SubmissionRepeated,
    TickElapsed,
    TrackAnsweredLate,
    TrackFailed,
    VendorResolved,
)
from schemas.lifecycle import State
from schemas.records import Context, Facts, Problem
from schemas.topics import PATTERNS

__all__ = ["HANDLER"]

STAGE: Final = "coding"
_T = TypeVar("_T", bound=Event)


@cache
def _rules() -> tuple[CodingRules, str]:
    return load_coding_rules(), rules_version(SHIPPED_RULES, SHIPPED_CHART)


def join_and_code(
    event: Answer, joins: Joins, *, patterns: PatternBook, join_limit: timedelta, codec: Codec
) -> Sequence[Event]:
    """Return the coded expense when `event` is the last of its three answers, nothing before.

    What was joined before and comes again, as with an overlapping export of a card feed, goes no further: judged a
    second time it would change what later expenses were judged against. Nor does the answer of a track that the
    expense went on without: a person has it, and it is noted that the answer came.
    """
    del join_limit
    before = joins.joined(event)
    if before is not None:
        return (*_repeated(event, before), *_late(event, before, joins))
    answers = joins.add(event, codec)
    return () if answers is None else (_coded(answers, patterns),)


def send_on_overdue(
    tick: TickElapsed, joins: Joins, *, patterns: PatternBook, join_limit: timedelta, codec: Codec
) -> Iterator[Sequence[Event]]:
    """Yield what has waited too long for an answer, coded as far as it can be, with TRACK_TIMEOUT for a person."""
    for answers in joins.overdue(tick.occurred_at, join_limit, codec):
        yield (_coded(answers, patterns),)


def _repeated(event: Answer, before: Joined) -> Sequence[Event]:
    """Tell the new batch, once per submission: the currency track's answer speaks for all three."""
    if not isinstance(event, CurrencyConverted) or event.batch_id in (None, before.batch_id):
        return ()
    first = before.batch_id
    told = caused(event, SubmissionRepeated, stage=STAGE, status=event.status, personal=None, first_batch_id=first)
    return (told,)


def _late(event: Answer, before: Joined, joins: Joins) -> Sequence[Event]:
    if not joins.settle(event, before):
        return ()
    track, answer = track_of(event), event.event_id
    told = caused(
        event,
        TrackAnsweredLate,
        stage=STAGE,
        status=event.status,
        personal=None,
        problems=(),
        track=track,
        answer=answer,
    )
    return (told,)


def _coded(answers: tuple[Answer, ...], patterns: PatternBook) -> ExpenseCoded:
    rules, version = _rules()
    # The answers are in the order of the tracks: the first that carries the expense speaks for it.
    expense = next((a for a in answers if isinstance(a, ExpenseParsed)), None)
    converted, vendor, category = (
        _of(answers, CurrencyConverted),
        _of(answers, VendorResolved),
        _of(answers, CategoryResolved),
    )
    facts = expense.facts if expense else Facts(kind="text", confidence={})
    context = expense.context if expense else Context()
    lines = expense.lines if expense else ()
    match = vendor.vendor if vendor else None
    categories = category.categories if category else ()
    property_id = facts.property_id or context.property_id
    codings, uncoded = code_lines(
        lines,
        {c.line: c.category for c in categories},
        Subject(answers[0].tenant_id, match.vendor_id if match else None, property_id),
        rules=rules,
        patterns=patterns,
        asserted=stated(answers[0]),
    )
    coded = caused(
        expense or answers[0],
        ExpenseCoded,
        stage=STAGE,
        status=State.CODED,
        document=expense.document if expense else None,
        context=context,
        facts=facts,
        lines=lines,
        conversion=converted.conversion if converted else None,
        vendor=match,
        categories=categories,
        codings=codings,
        tables={name: v for a in answers for name, v in a.tables.items()} | {"coding_rules": version},
    )
    doubts = (
        *(problem for answer in answers for problem in answer.problems),
        *_failures(answers),
        *uncoded,
        *check_contract(facts, lines, codings, match, property_id),
    )
    return doubt(coded, *doubts)


def _of(answers: tuple[Answer, ...], kind: type[_T]) -> _T | None:
    for answer in answers:
        if isinstance(answer, kind):
            return answer
    return None


def _failures(answers: tuple[Answer, ...]) -> list[Problem]:
    came = {track_of(answer): answer for answer in answers}
    doubts: list[Problem] = []
    for track in TRACKS:
        answer = came.get(track)
        if answer is None:
            text = f"The {track} track has not answered in time: check the expense by hand."
            doubts.append(Problem(code="TRACK_TIMEOUT", message=text, field=track, stage=STAGE))
        elif isinstance(answer, TrackFailed):
            text = f"The {track} track failed ({answer.reason}): check the expense by hand."
            doubts.append(Problem(code="TRACK_FAILED", message=text, field=track, stage=STAGE))
    return doubts


HANDLER = Handler(
    handle=join_and_code,
    state=Joins,
    on_tick=send_on_overdue,
    waiting=Joins.oldest,
    tables=(Table("patterns", PATTERNS, PatternBook),),
    capabilities=("join_limit", "codec"),
)
