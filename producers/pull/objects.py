"""The objects under a prefix of an object store: each is a feed in any of the formats, and is read once.

An object is copied to a file of its own before it is read: a feed is read to its end to see that it is whole, and
again to send it. Memory does not grow with it, except for workbooks and JSON documents.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from producers.card_feed import survey
from producers.card_line import CardLine, Holder
from producers.edge import Edge
from producers.feed_map import ColumnMap
from producers.feed_rows import FeedRefused
from producers.line_event import Alike, identity_of
from producers.pull.source import PORTION, At, Portion, Pulled, SourceUnavailable
from producers.spill import Spill

__all__ = ["SCHEMES", "ObjectSource", "open_prefix"]

SCHEMES: Final = frozenset({"file", "s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl", "http", "https"})
_RETRY: Final[dict[str, Any]] = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}
_CLIENT: Final[dict[str, Any]] = {"timeout": timedelta(seconds=60), "connect_timeout": timedelta(seconds=5)}


@dataclass(slots=True)
class ObjectSource:
    """Everything under a prefix, in the order of names. `portion` is the number of rows that go in together."""

    url: str
    store: Any
    given: ColumnMap
    portion: int = PORTION
    _remarks: list[str] = field(default_factory=list, init=False)
    _refused: list[str] = field(default_factory=list, init=False)

    @property
    def where(self) -> str:
        """What messages call it."""
        return self.url

    def portions(self, at: At, edge: Edge, holder: Holder, before: int) -> Iterator[Portion]:
        """Yield what no earlier run read, as `Source.portions` says; an object that changed is read anew."""
        del before
        for path, version in self._listed():
            position = json.loads(at(path) or "{}")
            known = position if position.get("version") == version else {}
            if known.get("done"):
                continue
            try:
                yield from self._object(path, version, known.get("rows", 0), edge, holder)
            except FeedRefused as refusal:
                self._refused.append(str(refusal))

    def _listed(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        with _asking(self.url):
            for page in obstore.list(self.store):
                found += [
                    (o["path"], o["e_tag"] or f"{o['size']} {o['last_modified'].isoformat()}")
                    for o in page
                    if not o["path"].endswith("/")
                ]
        return sorted(found)

    def _object(self, path: str, version: str, skip: int, edge: Edge, holder: Holder) -> Iterator[Portion]:
        where = f"{self.url.rstrip('/')}/{path}"
        with tempfile.TemporaryDirectory(prefix="spendtrail-pull-") as folder, Spill() as coffees:
            copy = Path(folder) / PurePosixPath(path).name
            with _asking(where), copy.open("wb") as file:
                for piece in obstore.get(self.store, path).stream():
                    file.write(piece)
            try:
                feed = survey(copy, self.given, holder)
            except FeedRefused as refusal:
                raise FeedRefused(str(refusal).replace(str(copy), where)) from refusal
            self._remarks += [remark.replace(str(copy), where) for remark in feed.remarks]
            alike, read = Alike(coffees), 0
            # Rows that are in already are read all the same: which of several equal ones a row is depends on them.
            rows = (
                Pulled(record, line, identity_of(line, edge, holder, alike) if isinstance(line, CardLine) else None)
                for record, line in feed.read(holder)
            )
            for _ in islice(rows, skip):
                read += 1
            done = False
            while not done:
                portion = tuple(islice(rows, self.portion))
                read, done = read + len(portion), len(portion) < self.portion
                told = json.dumps({"version": version, "rows": read, "done": done})
                yield Portion(portion, told, path, where)

    def remarks(self) -> tuple[str, ...]:
        """Say what the surveys of the objects said."""
        return tuple(self._remarks)

    def refused(self) -> tuple[str, ...]:
        """Say which objects are no feeds, or not whole."""
        return tuple(self._refused)


@contextmanager
def _asking(where: str) -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        # obstore adds a debug dump of the request below the first line.
        first = str(error).partition("\n")[0]
        raise SourceUnavailable(f"{where}: {first}") from error


def open_prefix(url: str, given: ColumnMap, *, portion: int = PORTION) -> ObjectSource:
    """Return the objects under `s3://bucket/prefix`, `file:///folder` or what else obstore knows as a source.

    Credentials and endpoints come from the settings obstore reads (`AWS_*`, `GOOGLE_*`, `AZURE_*`).

    Raises:
        FeedRefused: the URL is not understood, or the folder is not there.

    """
    local = urlsplit(url).scheme == "file"
    try:
        store = from_url(url) if local else from_url(url, retry_config=_RETRY, client_options=_CLIENT)  # type: ignore[call-overload]  # one overload per cloud
    except (BaseError, OSError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise FeedRefused(f"{url}: {first}; use s3://bucket/prefix or file:///folder") from error
    return ObjectSource(url, store, given, portion)
