"""The parse stage: the document's words become fields and lines, each doubt named.

The words stay behind in the event that was read; what goes on carries the facts, and of what is personal only the
few fields that reviewers need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from consumers.assertions import settled
from consumers.corrections import Corrected
from consumers.parse.records import facts_of, line_doubts, lines_of, problems_of, with_remainder
from consumers.runtime.errors import Poisoned
from consumers.runtime.stage import Handler
from documents.assistant import Assistant
from documents.reading import reading_from_plain
from documents.understanding import THRESHOLD, understand
from schemas.envelope import Event, caused, doubt
from schemas.events import ExpenseParsed, ExpenseRead
from schemas.lifecycle import State
from vault.personal import pack, unpack
from vault.sealing import Vault

__all__ = ["HANDLER"]

STAGE: Final = "parse"
_EVERYONE: Final = "*"
_LEFT_BEHIND: Final = frozenset({"pages", "text"})


def understand_reading(
    event: ExpenseRead, *, vault: Vault, confidence: Mapping[str, float], assistant: Assistant | None = None
) -> Sequence[Event]:
    """Return the expense with its fields and lines, as far as they could be read.

    What a person stated before (a replaced document keeps it) overrides what is read, and raises no doubt again.
    `confidence` says by tenant how sure a key field must be to raise none.

    Raises:
        Poisoned: the event carries no words; the stage before it writes none without.

    """
    if event.personal is None:
        raise Poisoned("NO_READING", f"expense {event.expense_id} came without the words of its document")
    owner = (event.tenant_id, event.subject, event.expense_id)
    personal = unpack(vault.open(*owner, event.personal))
    reading = reading_from_plain({**personal["pages"], "xml": personal.get("text")})
    threshold = confidence.get(event.tenant_id, confidence.get(_EVERYONE, THRESHOLD))
    found = with_remainder(understand(reading, threshold, assistant=assistant).facts, reading)
    kept = {name: value for name, value in personal.items() if name not in _LEFT_BEHIND}
    parsed = caused(
        event,
        ExpenseParsed,
        stage=STAGE,
        status=State.PARSED,
        facts=facts_of(found, reading),
        lines=lines_of(found),
        personal=vault.seal(*owner, pack({**kept, "buyer_name": found.buyer_name}), key_id=event.personal.key_id),
    )
    doubts = [problem for problem in found.problems if problem not in reading.problems]
    parsed = _stated(doubt(parsed, *problems_of(doubts, found.places, STAGE), *line_doubts(found, STAGE)))
    return (replace(parsed, problems=settled(parsed)),)


def _stated(parsed: ExpenseParsed) -> ExpenseParsed:
    """Write in what a person stated about the expense; lines were those of another document."""
    statements = [statement for statement in parsed.asserted if not statement.field.startswith("lines.")]
    if not statements:
        return parsed
    parts = Corrected(parsed)
    for statement in statements:
        parts.apply(statement)
    return replace(parsed, facts=parts.facts, lines=parts.lines, context=parts.context)


HANDLER = Handler(handle=understand_reading, capabilities=("vault", "confidence", "assistant"))
