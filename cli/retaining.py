"""`spendtrail audit retention`: how long each topic and archive is kept, by which law, and no to anything shorter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.context import Refused, now, session
from cli.output import console, say_json, table
from config.settings import Settings
from schemas.retention import DAY_MS, KEPT, Holds, Law, delete_after, laws_of
from schemas.topics import TOPICS, Topic

__all__ = ["MANIFEST", "kept", "retention", "until"]

MANIFEST = "manifest.json"


def retention(
    keep: Annotated[
        list[str] | None,
        typer.Option(help="TOPIC=DAYS: would this be long enough? May be given several times; nothing is changed."),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="A folder that `audit archive` wrote: may it be deleted today?")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Show how long each topic is kept and which laws say so; `prepare` puts it into force.

    SPENDTRAIL_JURISDICTIONS names whose laws count, SPENDTRAIL_RETENTION_DAYS keeps a topic longer. What is shorter
    than the table is refused with exit code 2. With --archive the exit code is 1 while a law still asks for it.
    """
    settings = session().settings
    topics = kept(settings.model_copy(update={"retention_days": settings.retention_days | _asked(keep or [])}))
    laws = _laws(settings, [topic.name for topic in topics])
    if archive is not None:
        _judge_archive(archive, settings, json=json)
        return
    names = ("topic", "holds", "days", "why")
    rows = [
        (
            topic.name,
            ", ".join(sorted(KEPT[topic.name].holds)),
            None if topic.retention_ms is None else topic.retention_ms // DAY_MS,
            KEPT[topic.name].why,
        )
        for topic in topics
    ]
    if json:
        columns = Law.__dataclass_fields__
        told = [{n: sorted(v) if isinstance(v := getattr(law, n), frozenset) else v for n in columns} for law in laws]
        say_json({"topics": [dict(zip(names, row, strict=True)) for row in rows], "laws": told})
        return
    shown = [(topic, holds, days or "for ever", why) for topic, holds, days, why in rows]
    table("Topics", ["Topic", "Holds", "Days", "Why"], shown, right=["Days"])
    cited = [(law.jurisdiction, ", ".join(sorted(law.holds)), law.years, law.begins, law.source) for law in laws]
    table("Laws", ["Where", "Records", "Years", "From", "Source"], cited, right=["Years"])


def kept(settings: Settings) -> tuple[Topic, ...]:
    """Return the topics as the settings have them kept.

    Raises:
        Refused: a setting names no topic, a time shorter than the table, or a jurisdiction that is not in it.

    """
    days = settings.retention_days
    if unknown := days.keys() - KEPT.keys():
        told = f"no topic {', '.join(sorted(unknown))}"
        raise Refused(f"SPENDTRAIL_RETENTION_DAYS: {told}; `spendtrail audit retention` shows them")
    _laws(settings, ())
    return tuple(_longer(topic, days[topic.name]) if topic.name in days else topic for topic in TOPICS)


def until(settings: Settings, topics: Sequence[str], last: date) -> date:
    """Return the first day on which no law asks for what these topics hold, the newest of which is of day `last`.

    Raises:
        Refused: a jurisdiction is not in the table.

    """
    _laws(settings, topics)
    return delete_after(_holdings(topics), last, settings.jurisdictions)


def _holdings(topics: Sequence[str]) -> frozenset[Holds]:
    return frozenset(kind for topic in topics for kind in KEPT[topic].holds)


def _laws(settings: Settings, topics: Sequence[str]) -> tuple[Law, ...]:
    try:
        return laws_of(_holdings(topics), settings.jurisdictions)
    except ValueError as error:
        raise Refused(f"SPENDTRAIL_JURISDICTIONS: {error}") from error


def _longer(topic: Topic, days: int) -> Topic:
    row = KEPT[topic.name]
    if row.days is None:
        raise Refused(f"{topic.name} is kept for ever, not {days} days: {row.why}")
    if days < row.days:
        raise Refused(f"{topic.name} is kept for {row.days} days at least, not {days}: {row.why}")
    return replace(topic, retention_ms=days * DAY_MS)


def _asked(words: Sequence[str]) -> dict[str, int]:
    asked = {}
    for word in words:
        topic, _, days = word.partition("=")
        if topic not in KEPT or not days.isdecimal() or not int(days):
            raise Refused(f"--keep {word!r}: write TOPIC=DAYS, such as audit.alerts=730")
        asked[topic] = int(days)
    return asked


def _judge_archive(folder: Path, settings: Settings, *, json: bool) -> None:
    """Say until when an archive is to be kept: by its manifest, and by the table as it is today.

    Raises:
        Refused: it is no archive, or of a version that did not say how new its newest record is.
        typer.Exit: with 1 while it is to be kept.

    """
    try:
        manifest = orjson.loads((folder / MANIFEST).read_bytes())
        newest, promised = date.fromisoformat(manifest["newest"]), date.fromisoformat(manifest["delete_after"])
        names = [file["topic"] for file in manifest["files"]]
        after = max(promised, until(settings, names, newest))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{folder} says not until when it is to be kept ({error}); archive the log anew") from error
    free = now().date() >= after
    if json:
        say_json({"newest": newest.isoformat(), "delete_after": after.isoformat(), "may_be_deleted": free})
    else:
        told = "no law asks for it any more" if free else f"to be kept until {after}"
        console.print(f"{folder}: newest record of {newest}; {told}", highlight=False)
    raise typer.Exit(0 if free else 1)
