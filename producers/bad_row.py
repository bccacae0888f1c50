"""A row that cannot become an expense is a dead letter: its text sealed, its fault in the open."""

from producers.card_line import STAGE, Holder
from producers.edge import Edge
from producers.feeds.record import BadRow, Record
from producers.publisher import Outgoing
from schemas.dead_letters import SEALED_EXPENSE, SEALED_KEY, SEALED_SUBJECT, SEALED_TENANT, marked
from schemas.identity import derive
from schemas.topics import DEAD_LETTERS
from vault.personal import pack

__all__ = ["dead_letter"]

_REASON = "BAD_ROW"
# Rows of a feed that names nobody are sealed under a key of the feeds' own.
_FEEDS = "card feeds"
_DIGITS = 12


def dead_letter(
    row: Record, error: BadRow, edge: Edge, holder: Holder, feed_sha256: str, batch_id: str, *, key: str | None = None
) -> Outgoing:
    """Return the dead letter of a row. In the place of topic, partition, offset: the feed, its digest, the line.

    A row of a database table is known by its `key`, which stays when rows before it go.

    Raises:
        PublishFailed, TransportLost: the key it is sealed under could not be had; the row must be sent again.

    """
    tenant = holder.tenant
    subject = edge.pseudonyms.of(tenant, holder.employee_id or _FEEDS)
    place = derive("row", tenant, feed_sha256, str(row.line) if key is None else key)
    key_id = edge.keys.ensure(tenant, subject)
    sealed = edge.keys.vault.seal(tenant, subject, place, pack({"text": row.raw}), key_id=key_id)
    told: dict[str, object] = {
        "topic": STAGE,
        "partition": feed_sha256[:_DIGITS],
        "offset": row.line,
        "group": STAGE,
        "message": f"batch {batch_id}, line {row.line}: {error.column} {error}".replace(":  ", ": "),
        "exception": f"{type(error).__module__}.{type(error).__qualname__}",
        "stage": STAGE,
        "timestamp": int(edge.clock().timestamp() * 1000),
        "class": _REASON,
        "schema.id": "",
        "replay.count": 0,
    }
    opens = (
        (SEALED_TENANT, tenant.encode()),
        (SEALED_SUBJECT, subject.encode()),
        (SEALED_EXPENSE, place.encode()),
        (SEALED_KEY, key_id.encode()),
    )
    return Outgoing(DEAD_LETTERS.name, place.encode(), sealed.ciphertext, (*marked((), told), *opens))
