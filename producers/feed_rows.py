"""Rows of a delimited text file, streamed: encoding and delimiter found, every row with its line and raw text."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FeedRefused", "Row", "Table", "open_table", "read_rows", "text_encoding"]

_CHUNK = 1024 * 1024
_DELIMITERS = ",;\t|"


class FeedRefused(Exception):
    """A feed cannot be read as a whole. The message names file, place and remedy; nothing of it was published."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` is the line it begins on, counted from 1; `raw` the text as it stands in the file."""

    line: int
    cells: tuple[str, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Table:
    """How a file is to be read."""

    path: Path
    encoding: str
    delimiter: str


class _Recorded:
    """An iterator of lines that keeps those read since it was last asked."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._kept: list[str] = []

    def __iter__(self) -> "_Recorded":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._kept.append(line)
        return line

    def taken(self) -> str:
        text = "".join(self._kept)
        self._kept.clear()
        return text


def open_table(path: Path, delimiter: str | None = None) -> Table:
    """Return how to read a file: UTF-8 or UTF-16 by their marks or validity, else Windows-1252, else Latin-1.

    Raises:
        FeedRefused: the file cannot be opened, is empty or holds no text.

    """
    try:
        encoding = text_encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            head = next((line for line in file if line.strip()), "")
    except OSError as error:
        raise FeedRefused(f"{path}: cannot be read: {error.strerror or error}") from error
    if not head:
        raise FeedRefused(f"{path}: is empty; export the feed again")
    return Table(path, encoding, delimiter or max(_DELIMITERS, key=head.count))


def read_rows(table: Table) -> Iterator[Row]:
    """Yield the rows that hold anything, the header included.

    Raises:
        FeedRefused: a quote is never closed, or a cell is larger than 128 KiB, which mostly means the same.

    """
    with table.path.open(encoding=table.encoding, newline="") as file:
        lines = _Recorded(file)
        reader = csv.reader(lines, delimiter=table.delimiter, strict=True)
        begins = 1
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise FeedRefused(
                    f"{table.path}, line {begins}: {error}; close the quote, or double quotes inside a cell"
                ) from error
            if cells is None:
                return
            raw = lines.taken()
            if any(cell.strip() for cell in cells):
                yield Row(begins, tuple(cell.strip() for cell in cells), raw.rstrip("\r\n"))
            begins = reader.line_num + 1


def text_encoding(path: Path) -> str:
    """Return the encoding of a text file: UTF-8 or UTF-16 by their marks or validity, else Windows-1252, else Latin-1.

    Raises:
        FeedRefused: the file holds no text.

    """
    with path.open("rb") as file:
        head = file.read(4)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    candidates = ["utf-16"] if wide else ["utf-8-sig", "cp1252", "latin-1"]
    decoders = {name: codecs.getincrementaldecoder(name)() for name in candidates}
    with path.open("rb") as file:
        chunk = b"more"
        while chunk:
            chunk = file.read(_CHUNK)
            if b"\0" in chunk and not wide:
                raise FeedRefused(f"{path}: holds no text; export the feed as CSV")
            for name in candidates.copy():
                try:
                    # The last piece is empty: what half a character was waiting for does not come.
                    decoders[name].decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    candidates.remove(name)
    if not candidates:
        raise FeedRefused(f"{path}: holds no text, though its mark says UTF-16; export the feed again")
    return candidates[0]
