"""What can be wrong with an audit log and with what was kept of it."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Alteration", "Kind"]


class Kind(StrEnum):
    """What can be wrong with an entry, or with a checkpoint."""

    ALTERED = "altered"  # its hash is not that of its content
    UNREADABLE = "unreadable"  # its metadata is no entry
    MISPLACED = "misplaced"  # it was sealed for another expense or place
    RELABELLED = "relabelled"  # its envelope says something else than what was sealed
    DETACHED = "detached"  # it does not follow the entry before it
    MISSING = "missing"  # sequences without an entry
    REORDERED = "reordered"  # it comes after entries that follow it
    REPEATED = "repeated"  # its sequence was there already
    TRUNCATED = "truncated"  # the chain, the partition or the checkpoints end before what is known
    REWRITTEN = "rewritten"  # a known head has another hash, or a signed checkpoint covers another entry at its place
    FORGED = "forged"  # a checkpoint, a key or a file of hashes is not what was signed
    UNWITNESSED = "unwitnessed"  # the witness has not signed the last checkpoint


@dataclass(frozen=True, slots=True)
class Alteration:
    """One thing that is wrong: which expense, which entry, where it stands, and what in words.

    Of a checkpoint the expense is empty and the entry 0; the position is its file.
    """

    kind: Kind
    expense_id: str
    sequence: int
    position: str
    message: str
