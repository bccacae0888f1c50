"""`spendtrail dlq`: what could not be handled; look at it, send it again, or set it aside."""

from typing import Annotated

import typer
from rich.markup import escape

from cli.context import Refused, actor, session
from cli.output import console, pairs, say_json, table
from producers.dead_letters import DeadLetter, DeadLetterRefused, Standing, find, listed, park, replay
from schemas.codec import Codec

__all__ = ["add"]

Ids = Annotated[list[str], typer.Argument(help="topic/partition/offset, as `dlq list` shows it.", metavar="ID...")]
Json = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


def add(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, replay, park.")
    group.command("list")(list_letters)
    group.command("show")(show)
    group.command("replay")(replay_letters)
    group.command("park")(park_letters)
    app.add_typer(group, name="dlq")


def _letters() -> list[DeadLetter]:
    found = session()
    return listed(found.bootstrap, found.settings.kafka_options)


def _chosen(ids: list[str]) -> list[DeadLetter]:
    try:
        return find(_letters(), ids)
    except DeadLetterRefused as error:
        raise Refused(str(error)) from error


def list_letters(
    everything: Annotated[bool, typer.Option("--all", help="Those replayed or parked as well.")] = False,
    json: Json = False,
) -> None:
    """Records that could not be handled, the newest first."""
    letters = [one for one in _letters() if everything or one.standing is Standing.OPEN]
    if json:
        for one in letters:
            say_json(_plain(one))
        return
    rows = [
        (one.id, one.stage, one.reason, f"{one.failed_at:%Y-%m-%d %H:%M:%S}", one.standing, escape(one.message))
        for one in letters
    ]
    table(f"{len(letters)} dead letters", ["Id", "Stage", "Reason", "When (UTC)", "Standing", "Message"], rows)


def _plain(one: DeadLetter) -> dict[str, object]:
    return {
        "id": one.id,
        "topic": one.topic,
        "group": one.group,
        "stage": one.stage,
        "reason": one.reason,
        "message": one.message,
        "exception": one.exception,
        "schema_id": one.schema_id,
        "replays": one.replays,
        "failed_at": one.failed_at,
        "standing": str(one.standing),
        "headers": {name: value.decode(errors="replace") for name, value in one.headers},
    }


def show(dead_letter: Annotated[str, typer.Argument(help="topic/partition/offset.")], json: Json = False) -> None:
    """Everything known of one dead letter: its headers and its raw bytes."""
    for one in _chosen([dead_letter]):
        if json:
            say_json({**_plain(one), "key": one.key, "value": one.value})
            continue
        told = _plain(one)
        headers = told.pop("headers")
        pairs(told)
        pairs(headers if isinstance(headers, dict) else {})
        console.print(f"key    {one.key!r}", highlight=False, markup=False)
        size = len(one.value or b"")
        written_by = Codec.schema_id(one.value)
        console.print(
            f"value  {size} bytes, schema id {written_by if written_by is not None else 'none'}", markup=False
        )
        console.print((one.value or b"")[:512].hex(" ", 4), highlight=False, markup=False)


def replay_letters(
    ids: Ids,
    again: Annotated[bool, typer.Option("--again", help="Also those that were replayed before.")] = False,
    json: Json = False,
) -> None:
    """Send records to the stage that failed once more, after the cause is gone; other stages skip them."""
    chosen = _chosen(ids)
    with session().edge() as edge:
        try:
            sent = replay(chosen, edge.publisher, by=actor(), again=again)
        except DeadLetterRefused as error:
            raise Refused(str(error)) from error
    _done("replayed", sent, json=json)


def park_letters(
    ids: Ids,
    reason: Annotated[str, typer.Option(help="Why they are set aside.")] = "",
    json: Json = False,
) -> None:
    """Set records aside, with a copy that is kept until somebody replays them."""
    chosen = _chosen(ids)
    with session().edge() as edge:
        parked = park(chosen, edge.publisher, by=actor(), why=reason)
    _done("parked", parked, json=json)


def _done(what: str, number: int, *, json: bool) -> None:
    if json:
        say_json({what: number})
    else:
        console.print(f"{number} {what}")
