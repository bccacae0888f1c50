"""Which column of a feed is which field: by a map that an operator writes, or by well-known header names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from producers.feed_rows import FeedRefused
from schemas.currencies import minor_units

__all__ = ["ColumnMap", "Columns", "FeedField", "find_columns", "load_map"]

FeedField = Literal[
    "date",
    "amount",
    "merchant",
    "currency",
    "reference",
    "account",
    "employee",
    "cardholder",
    "mcc",
    "description",
    "category",
    "department",
    "project",
    "original_amount",
    "original_currency",
    "country",
    "locality",
    "trip",
    "side",
]

_LEAST_FOUND: Final = 2
REQUIRED: Final[tuple[FeedField, ...]] = ("date", "amount", "merchant")

# Header names as card schemes, banks and public bodies write them, best first; folded to lower case words.
_KNOWN: Final[Mapping[FeedField, tuple[str, ...]]] = {
    "date": (
        "transaction date",
        "trans date",
        "fin transaction date",
        "date of transaction",
        "purchase date",
        "date",
        "posting date",
    ),
    "amount": (
        "amount",
        "billing gross amt",
        "billing amount",
        "transaction amount",
        "fin transaction amount",
        "gross amount",
        "value",
        "total",
        "original gross amt",
    ),
    "merchant": ("merchant name", "mch merchant name", "merchant", "supplier", "supplier name", "vendor", "payee"),
    "currency": ("currency", "billing cur code", "billing currency", "currency code", "transaction currency"),
    "reference": ("reference", "transaction reference", "transaction id", "reference number", "arn", "external id"),
    "account": ("card account", "card number", "account", "account number", "card", "card id"),
    "employee": ("employee id", "employee", "employee number", "staff number"),
    "cardholder": ("cardholder", "cardholder name", "card holder", "employee name"),
    "mcc": ("mcc", "merchant category code", "mcc code"),
    "description": ("description", "transaction description", "narrative", "details", "memo", "trans cac desc 1"),
    "category": ("category", "expense category", "merchant category"),
    "department": ("department", "directorate", "cost centre", "cost center"),
    "project": ("project", "project code"),
    "original_amount": ("original amount", "original gross amt", "foreign amount"),
    "original_currency": ("original currency", "original cur", "foreign currency"),
    # Only where the map names them: a feed's country may be the card holder's, and its code any of three kinds.
    "country": (),
    "locality": (),
    "trip": (),
    # Only by a map: a column of that name mostly tells the channel.
    "side": (),
}


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names), Field(min_length=1)]


class ColumnMap(BaseModel):
    """How one kind of feed is to be read. A column may have several names, for feeds that change theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[str | None, Field(description="Name of the format, where the content does not tell.")] = None
    sheet: Annotated[str | None, Field(description="Sheet of a workbook, where several hold rows.")] = None
    columns: Annotated[dict[FeedField, Names], Field(description="Header name or names of each field.")] = {}
    date_format: Annotated[str | None, Field(description="strptime form of the dates, for example %d/%m/%Y.")] = None
    decimal: Annotated[Literal[".", ","] | None, Field(description="Decimal mark of the amounts.")] = None
    delimiter: Annotated[str | None, Field(min_length=1, max_length=1, description="Between cells.")] = None
    currency: Annotated[str | None, Field(description="ISO 4217 code where the feed has no currency.")] = None
    strict: Annotated[bool, Field(description="Refuse a feed over what its totals otherwise only tell.")] = False
    charges: Annotated[Literal["positive", "negative"], Field(description="Sign that money spent has in the feed.")] = (
        "positive"
    )

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, value: str | None) -> str | None:
        if value is not None and minor_units(value) is None:
            msg = f"{value!r} is no ISO 4217 currency"
            raise ValueError(msg)
        return value


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands. `names` are the headers as written, `width` their number, `line` the header's line.

    `renamed` are the fields that a map names, found under another than the first of their names.
    """

    at: Mapping[FeedField, int]
    names: tuple[str, ...]
    line: int
    renamed: tuple[tuple[FeedField, str], ...] = ()

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.names)

    def name(self, field: FeedField) -> str:
        """Return the header of a field, or the field's own name where the feed lacks it."""
        return self.names[self.at[field]] if field in self.at else field

    def cell(self, cells: Sequence[str], field: FeedField) -> str:
        """Return a field's text, empty where the feed or the row lacks it."""
        at = self.at.get(field)
        return cells[at] if at is not None and at < len(cells) else ""

    @property
    def drift(self) -> tuple[str, ...]:
        """What differs from the map, one sentence each: fields found under a later name, columns nothing reads."""
        later = (f"{field} is read from {self.name(field)!r}, not from {wanted!r}" for field, wanted in self.renamed)
        unread = [name for i, name in enumerate(self.names) if name and i not in self.at.values()]
        return (*later, *((f"nothing is read from {', '.join(map(repr, unread))}",) if unread else ()))


def load_map(path: Path) -> ColumnMap:
    """Read a map from YAML or JSON.

    Raises:
        FeedRefused: every fault, with file and field.

    """
    try:
        return ColumnMap.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FeedRefused(f"{path}: cannot be read as YAML or JSON: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'map'}: {e['msg']}" for e in error.errors())
        raise FeedRefused(f"{path}: {faults}") from error


def find_columns(where: str, header: Sequence[str], given: ColumnMap, line: int = 1) -> Columns | None:
    """Return where the fields stand in a header row, None when the row is no header at all.

    `where` is what messages begin with: the file and the line, or the table.

    Fields the map names must be there: a feed that renamed a column stops here, before a row is read wrongly.

    Raises:
        FeedRefused: the header has some of the columns and lacks others, or has one twice.

    """
    folded = [_folded(name) for name in header]
    at: dict[FeedField, int] = {}
    missing: list[str] = []
    wanted = {field: given.columns.get(field, names) for field, names in _KNOWN.items()}
    # What the map names comes first, so that a guess cannot take its column.
    for field in sorted(wanted, key=lambda f: f not in given.columns):
        found = next((folded.index(n) for n in map(_folded, wanted[field]) if n in folded), None)
        if found is not None and found not in at.values():
            at[field] = found
        elif field in given.columns or field in REQUIRED:
            missing.append(f"{' or '.join(repr(n) for n in wanted[field])} ({field})")
    # Titles above the header may hold one such word by chance.
    if len(at) < _LEAST_FOUND:
        return None
    if missing:
        raise FeedRefused(
            f"{where}: the header has no column {', no '.join(missing)}; it has "
            f"{', '.join(repr(n) for n in header)}. Was one renamed? Add its new name to the column map"
        )
    twice = [name for name in {folded[i] for i in at.values()} if folded.count(name) > 1]
    if twice:
        raise FeedRefused(f"{where}: the header has {twice[0]!r} twice; rename one")
    renamed = tuple((f, n[0]) for f, n in given.columns.items() if f in at and folded[at[f]] != _folded(n[0]))
    return Columns(at, tuple(header), line, renamed)


def _folded(name: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", name.casefold()).split())
