"""Pages about the DAG: its topics, its stages, and the states an expense goes through."""

import importlib
from collections.abc import Iterator
from datetime import timedelta

from consumers.runtime.stage import Lane, Stage
from consumers.stages import STAGES
from docs.markdown import code, joined, page, table
from schemas import events as e
from schemas.envelope import Event
from schemas.lifecycle import ENDS, STEPS, WAITING, State
from schemas.retention import KEPT, LAWS
from schemas.topics import AUDIT_EVENTS, AUDIT_KEYS, DEAD_LETTERS, PULLS, SETTLED, TOPICS, Topic

__all__ = ["lifecycle", "stages", "topics"]

# Who writes what no stage brings about.
_OUTSIDE: dict[type[Event], str] = {
    e.ExpenseSubmitted: "upload",
    e.ExpenseParsed: "card feed, pull",
    e.ReviewResolved: "review",
    e.BatchClosed: "upload, card feed, pull",
    e.TickElapsed: "ticker",
    e.KeyWrapped: "upload, card feed, pull, erasure",
    e.PullAdvanced: "pull",
    e.PolicyPublished: "policy publication",
}
_PLAIN: dict[Topic, str] = {
    AUDIT_EVENTS: "every audited stage",
    DEAD_LETTERS: "every stage that does not halt, card feed, pull",
    SETTLED: "replay and park of dead letters",
}
_READERS: dict[Topic, str] = {AUDIT_KEYS: "what seals or opens personal data", PULLS: "pull"}
_KIB = 1024
_MIB = 1024 * 1024


def topics() -> str:
    """Return the page of topics."""
    rows = [_topic(topic) for topic in TOPICS]
    changelogs = [(code(s.changelog.name), code(s.name), s.changelog.partitions) for s in STAGES if s.changelog]
    return page(
        "Topics",
        "The table is `schemas/topics.py`. `spendtrail up` creates what is missing. Written by: a stage's name, or"
        " whatever else writes it. A stage that reads a topic is one consumer group of the same name.",
        table(
            ("Topic", "Events", "Key", "Partitions", "Kept", "Largest record", "Written by", "Read by"),
            rows,
        ),
        "Keys are ids or pseudonyms, never a person. A compacted topic keeps the last record of each key for ever."
        " `audit.events` carries the broker's append time: that is the trail's knowledge time.",
        "## Why so long",
        "The table is `schemas/retention.py`. What a law asks for is kept for ever; the rest are copies of what is in"
        " `audit.log`. `SPENDTRAIL_RETENTION_DAYS` keeps a topic longer, never shorter. `spendtrail audit retention`"
        " shows what is in force, and until when an archive is to be kept.",
        table(("Topic", "Holds", "Why"), [(code(n), ", ".join(sorted(k.holds)), k.why) for n, k in KEPT.items()]),
        "## Laws",
        "A court's order to keep more, or an agreement, goes before all of them. Periods from the end of a fiscal year"
        " or from a filing are reckoned as late as they can be.",
        table(
            ("Where", "Records", "Years", "From", "Source"),
            [(w.jurisdiction, ", ".join(sorted(w.holds)), w.years, w.begins, f"[{w.source}]({w.url})") for w in LAWS],
        ),
        "## Partitions",
        "Entries of `audit.log` go to the same partition number as the audit event they were made from, whatever"
        " their key.",
        "`TickElapsed` has no topic of its own: the ticker writes it to every partition of each topic that lists it.",
        "## State changelogs",
        "Compacted, one per stage that keeps state. The process lane keeps the number of started attempts there even"
        " where the handler has no state. Read only by the stage itself, when it is assigned a partition.",
        table(("Topic", "Stage", "Partitions"), changelogs),
    )


def _topic(topic: Topic) -> tuple[object, ...]:
    writers = [s.name for s in STAGES if topic in s.writes]
    readers = [s.name for s in STAGES if s.reads is topic]
    tables = [f"{s.name} (table)" for s in STAGES if topic in s.tables]
    return (
        code(topic.name),
        joined((kind.__name__ for kind in topic.events), none="raw records"),
        topic.key_name,
        topic.partitions,
        _kept(topic),
        _size(topic.max_message_bytes),
        ", ".join((*(code(name) for name in writers), *_outside(topic))),
        _READERS.get(topic) or joined((*readers, *tables)),
    )


def _outside(topic: Topic) -> Iterator[str]:
    if topic in _PLAIN:
        yield _PLAIN[topic]
    for kind in topic.events:
        if kind in _OUTSIDE:
            yield _OUTSIDE[kind]


def _kept(topic: Topic) -> str:
    if topic.retention_ms is None:
        return "compacted, for ever"
    return f"{timedelta(milliseconds=topic.retention_ms).days} days"


def _size(size: int) -> str:
    return f"{size // _MIB} MiB" if size % _MIB == 0 else f"{size // _KIB} KiB"


def stages() -> str:
    """Return the page of stages."""
    overview = [_stage(stage) for stage in STAGES]
    limits = [_limits(stage) for stage in STAGES if stage.lane is not Lane.BATCH]
    return page(
        "Stages",
        "The table is `consumers/stages.py`. One stage is one consumer group, one deployment, one folder under"
        " `consumers/` and one folder under `tests/`. A topic's partitions are the ceiling for replicas: one more stays"
        " idle.",
        table(("Stage", "What it does", "Reads", "Writes", "Lane", "State", "Tables"), overview),
        "Lanes: `inline` runs in the polling thread, `process` in worker processes that can be killed, `async` on an"
        " event loop for HTTP. `batch` is not run by the runner: the stage keeps its offsets with the rows it writes.",
        "## Limits",
        "Of one process. Fetching pauses at the bound of records or bytes in flight and resumes at half of it."
        " `SPENDTRAIL_WORKERS` and `SPENDTRAIL_RECORD_SECONDS` replace workers and seconds."
        " Memory and attempts bound a record in the process lane only; an inline handler has no time limit. A partition"
        " with so many changed keys of state is committed before the next record runs.",
        table(
            (
                "Stage",
                "In flight",
                "Bytes in flight",
                "Workers",
                "Seconds a record",
                "Memory a record",
                "Attempts",
                "Changed keys",
            ),
            limits,
        ),
        "## Audit",
        f"{joined(s.name for s in STAGES if not s.audited)} write no audit events, because their output is the trail"
        f" or follows from it. {joined(s.name for s in STAGES if s.entry)} also record their input when a producer"
        f" wrote it. {joined(s.name for s in STAGES if s.halts)} stops where other stages dead-letter.",
    )


def _stage(stage: Stage) -> tuple[object, ...]:
    about = importlib.import_module(f"consumers.{stage.name}").__doc__ or ""
    told = " ".join(about.split("\n\n")[0].split())
    _, found, rest = told.partition(": ")
    what = rest if found and told.lower().startswith(f"{stage.name}:") else told
    return (
        code(stage.name),
        what[:1].upper() + what[1:],
        code(stage.reads.name),
        joined(topic.name for topic in stage.writes),
        code(stage.lane),
        "keyed, with changelog" if stage.stateful else "-",
        joined(topic.name for topic in stage.tables),
    )


def _limits(stage: Stage) -> tuple[object, ...]:
    limits, beside, process = stage.limits, stage.lane is not Lane.INLINE, stage.lane is Lane.PROCESS
    return (
        code(stage.name),
        f"{limits.in_flight:,}",
        _size(limits.in_flight_bytes),
        limits.workers if beside else "-",
        f"{limits.seconds:g}" if beside else "-",
        _size(limits.memory_bytes) if process else "-",
        limits.attempts if process else "-",
        f"{limits.changes:,}" if stage.stateful else "-",
    )


def lifecycle() -> str:
    """Return the page of states."""
    rows = [(code(state), _role(state), joined(s for s in State if s in STEPS[state])) for state in State]
    arrows = [f"    {a} --> {b}" for a, after in STEPS.items() for b in State if b in after and not _is_exception(a, b)]
    return page(
        "Lifecycle",
        "The table is `schemas/lifecycle.py`. An event's `status` is the state of the expense after it; staying in a"
        " state is always legal. A document begins as `submitted`, each further document of its file as `read`, a card"
        " line as `parsed`. A stage whose output is no legal step from its input halts. `seal` does not halt: the"
        " event has happened, so it is recorded, and the entry says that the step is not in the table.",
        "```mermaid\nstateDiagram-v2\n" + "\n".join(arrows) + "\n```",
        "Left out of the picture: any state that is no end can become `dead_lettered`, and a replayed dead letter goes"
        " on from where it failed.",
        table(("State", "Kind", "Next"), rows),
        "An expense that is `in_review` or `awaiting_receipt` waits for a person or a receipt. Ends stay; only a"
        " replayed dead letter leaves `dead_lettered`.",
    )


def _role(state: State) -> str:
    return "end" if state in ENDS else "waiting" if state in WAITING else "on its way"


def _is_exception(before: State, after: State) -> bool:
    return State.DEAD_LETTERED in (before, after) or before is after
