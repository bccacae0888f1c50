"""THE FORMATS, as one table: how each is known by its content, and how it is opened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from producers.card_line import Holder
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.feeds import camt, cdf, gl1025, ofx, stripe, table, vcf
from producers.feeds.record import Reader, Record, Tell

__all__ = ["FORMATS", "FeedFormat", "choose"]

# Enough for a byte-order mark, comments and the root element with its namespaces.
_HEAD_BYTES: Final = 4096
_ZIP, _OLE2 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class FeedFormat(Protocol):
    """A format of card feeds.

    `open` looks at the file as far as it must to know how to read it, and raises FeedRefused where it cannot be one.
    """

    @property
    def name(self) -> str:
        """What `--format` calls it."""

    def recognises(self, head: bytes) -> bool:
        """Tell by the first bytes whether a file is of this format."""

    def open(self, path: Path, given: ColumnMap, holder: Holder) -> Reader:
        """Return the reader of a file."""


@dataclass(frozen=True, slots=True)
class _Streamed:
    """A format that states all there is to know: nothing of a column map applies."""

    name: str
    known: Callable[[bytes], bool]
    records: Callable[[Path, Tell], Iterator[Record]]

    def recognises(self, head: bytes) -> bool:
        return self.known(head)

    def open(self, path: Path, given: ColumnMap, holder: Holder) -> Reader:
        del holder
        if given.columns:
            raise FeedRefused(f"{path}: is {self.name}, which names its own fields; leave the columns out of the map")
        return lambda tell: self.records(path, _refuse if given.strict else tell)


def _refuse(remark: str) -> None:
    """Refuse a feed over a remark.

    Raises:
        FeedRefused: with the remark.

    """
    raise FeedRefused(f"{remark}. It is refused because the feed is to be taken strictly; have it delivered again")


@dataclass(frozen=True, slots=True)
class _Mapped:
    """A format of rows, read by a column map."""

    name: str
    known: Callable[[bytes], bool]
    opener: Callable[[Path, ColumnMap, Holder], Reader]
    own: ColumnMap | None = None

    def recognises(self, head: bytes) -> bool:
        return self.known(head)

    def open(self, path: Path, given: ColumnMap, holder: Holder) -> Reader:
        return self.opener(path, given if given.columns or self.own is None else self.own, holder)


# Asked from the top. Whatever none of the others knows is delimited text.
FORMATS: Final[tuple[FeedFormat, ...]] = (
    _Mapped("xlsx", lambda head: head.startswith(_ZIP), table.open_workbook),
    _Mapped("xls", lambda head: head.startswith(_OLE2), table.open_workbook),
    _Streamed("vcf4", vcf.recognises, vcf.read_vcf),
    _Streamed("cdf3", cdf.recognises_cdf, cdf.read_cdf),
    _Streamed("s3df", cdf.recognises_s3df, cdf.read_s3df),
    _Streamed("gl1025", gl1025.recognises, gl1025.read_gl1025),
    _Streamed("gl1205", gl1025.recognises_gl1205, gl1025.refuse_gl1205),
    _Streamed("camt", camt.recognises, camt.read_camt),
    _Streamed("ofx", ofx.recognises, ofx.read_ofx),
    _Streamed("stripe", stripe.recognises, stripe.read_stripe),
    _Mapped("happay", table.is_happay, table.open_text, table.HAPPAY),
    _Mapped("csv", lambda head: not head.lstrip().startswith(b"<"), table.open_text),
)


def choose(path: Path, named: str | None) -> FeedFormat:
    """Return the format of a file: the one named, else the one its content shows.

    Raises:
        FeedRefused: no format of that name, the file cannot be opened, or its content is of none.

    """
    names = ", ".join(found.name for found in FORMATS)
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise FeedRefused(f"{path}: cannot be read: {error.strerror or error}") from error
    if not head.strip():
        raise FeedRefused(f"{path}: is empty; export the feed again")
    chosen = next((f for f in FORMATS if (f.name == named if named is not None else f.recognises(head))), None)
    if chosen is None:
        said = f"{named!r} is no format" if named is not None else "is of no known format"
        raise FeedRefused(f"{path}, line 1: {said}; there are {names}. Name the one it is")
    return chosen
