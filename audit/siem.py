"""One line of JSON for each entry, as a SIEM takes it: everything NIST SP 800-53 Rev. 5, AU-3 asks for, flat.

What the sealed metadata says is taken over under its own names; what only the recorded event says (document, policy,
rules, engine) is added. There is nothing personal in it but pseudonyms.
"""

import base64
from typing import Any

from audit.entry import Entry, stamp
from audit.verify import Located
from schemas.envelope import Event
from schemas.events import ExpenseEvaluated, ExpenseParsed, ExpenseRead

__all__ = ["line"]


def line(
    located: Located, entry: Entry, event: Event | None, input_sha256: str | None, *, sealed: bool = False
) -> dict[str, Any]:
    """Return what is told of one entry; `event` is what it recorded, None for a dead letter.

    `input_sha256` is the hash of what was handled, as its own entry says, None where it has none.

    Shape: the names of `Entry` and those below; times in RFC 3339, UTC. With `sealed` also the very bytes that the hash
    covers, so that whoever holds the file can verify it without this program.
    """
    told: dict[str, Any] = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
    told |= {name: stamp(told[name]) for name in ("occurred_at", "submitted_at", "recorded_at")}
    told |= {
        "position": located.position,
        "partition": located.partition,
        "previous": located.sealed.previous,
        "hash": located.sealed.hash,
        "input_sha256": input_sha256,
        "output_id": event.event_id if event else None,
        "document_sha256": _document(event),
        "engine": _engine(event),
        "outcome": None,
        "policy_version": None,
        "decisions": [],
        "findings": [],
    }
    if isinstance(event, ExpenseEvaluated):
        told["outcome"], told["policy_version"] = event.outcome, event.policy_version
        told["findings"] = sorted({finding.code for finding in event.findings})
        told["decisions"] = [
            {
                "line": decision.line,
                "outcome": decision.outcome,
                "rule_id": decision.rule_id,
                "violation_code": decision.violation_code,
                "resolution_path": [node.rule_id for node in decision.resolution_path],
            }
            for decision in event.decisions
        ]
    if sealed:
        output = located.sealed.output
        told["metadata"] = located.sealed.metadata
        told["output"] = None if output is None else base64.b64encode(output).decode()
    return told


def _document(event: Event | None) -> str | None:
    document = getattr(event, "document", None)
    return document.sha256 if document else None


def _engine(event: Event | None) -> str | None:
    if isinstance(event, ExpenseRead):
        return event.engine
    return event.facts.engine if isinstance(event, ExpenseParsed) else None
