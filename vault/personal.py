"""Which fields are personal, and how they become the bytes that are sealed.

The list is data: what is not on it cannot be packed, so no stage starts to keep something about a person unnoticed.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

__all__ = ["PERSONAL_FIELDS", "PersonalField", "PersonalFieldRefused", "pack", "unpack"]


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One field that may be kept about a person, and what it is kept for."""

    name: str
    kind: Literal["text", "data", "masked_pan"]
    purpose: str


PERSONAL_FIELDS: tuple[PersonalField, ...] = (
    PersonalField("employee_id", "text", "who claims, for the payroll and the ERP"),
    PersonalField("employee_name", "text", "who claims, for the reviewer"),
    PersonalField("employee_email", "text", "where questions about the expense go"),
    PersonalField("cardholder_name", "text", "whose card paid, for the reviewer"),
    PersonalField("card_number", "masked_pan", "which card paid; masked as PCI DSS 3.4.1 allows, never whole"),
    PersonalField("file_name", "text", "what the employee called the document; it often holds a name"),
    PersonalField("buyer_name", "text", "whom the document is made out to"),
    PersonalField("buyer_address", "text", "where the buyer lives or works"),
    PersonalField("guests", "data", "who was entertained, for the entertainment rules"),
    PersonalField("travellers", "data", "who travelled or stayed"),
    PersonalField("itinerary", "data", "where and when someone travelled"),
    PersonalField("note", "text", "what the employee or the reviewer wrote"),
    PersonalField("text", "text", "the document's text, for reading it again and for the reviewer"),
    PersonalField("words", "data", "the document's words with their boxes"),
    PersonalField("pages", "data", "the document's pages: size, words and boxes"),
)

_FIELDS = {field.name: field for field in PERSONAL_FIELDS}
# First six and last four digits at most, the rest masked (PCI DSS 4.0, 3.4.1).
_MASKED = re.compile(r"\d{0,6}[*xX•]+\d{0,4}|\d{0,4}")
_SEPARATORS = re.compile(r"[ .-]")
_PLAIN, _DEFLATED = b"\x00", b"\x01"
# Below this a packed person is a few short fields; compressing them saves nothing.
_DEFLATE_FROM_BYTES = 512
_LEVEL = 6
# A 200-page document's words stay well under this; more is an attack on memory.
_MAX_BYTES = 128 * 1024 * 1024


class PersonalFieldRefused(ValueError):
    """A field is not on the list of personal fields, or holds what its kind forbids."""


def pack(fields: Mapping[str, Any]) -> bytes:
    """Return the fields as bytes to seal: a tag byte, then sorted-key UTF-8 JSON, deflated when long.

    None is left out. The same fields give the same bytes (under one zlib build: compare what is opened, never
    ciphertext, across machines).

    Raises:
        PersonalFieldRefused: a field is not on the list, has the wrong type, or is an unmasked card number.

    """
    kept = {name: _allowed(name, value) for name, value in fields.items() if value is not None}
    try:
        plain = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        msg = f"personal fields {sorted(kept)} hold what JSON cannot: {error}"
        raise PersonalFieldRefused(msg) from error
    if len(plain) < _DEFLATE_FROM_BYTES:
        return _PLAIN + plain
    return _DEFLATED + zlib.compress(plain, _LEVEL)


def unpack(packed: bytes) -> dict[str, Any]:
    """Return what `pack` was given.

    Raises:
        PersonalFieldRefused: the bytes are not what `pack` makes, or unfold to more than 128 MiB.

    """
    tag, body = packed[:1], packed[1:]
    try:
        if tag == _DEFLATED:
            unfold = zlib.decompressobj()
            body = unfold.decompress(body, _MAX_BYTES)
            if not unfold.eof:
                msg = f"packed personal fields are cut short or unfold to more than {_MAX_BYTES} bytes"
                raise PersonalFieldRefused(msg)
        elif tag != _PLAIN:
            msg = f"packed personal fields start with {tag!r}, which no version writes"
            raise PersonalFieldRefused(msg)
        fields = orjson.loads(body)
    except (zlib.error, orjson.JSONDecodeError) as error:
        msg = f"packed personal fields cannot be read: {error}"
        raise PersonalFieldRefused(msg) from error
    if not isinstance(fields, dict):
        msg = "packed personal fields are not a JSON object"
        raise PersonalFieldRefused(msg)
    return fields


def _allowed(name: str, value: Any) -> Any:
    field = _FIELDS.get(name)
    if field is None:
        msg = f"{name!r} is not a personal field; add it to PERSONAL_FIELDS with its purpose, or leave it out"
        raise PersonalFieldRefused(msg)
    if field.kind != "data" and not isinstance(value, str):
        msg = f"personal field {name} is text, not {type(value).__name__}"
        raise PersonalFieldRefused(msg)
    if field.kind == "masked_pan" and not _MASKED.fullmatch(_SEPARATORS.sub("", value)):
        msg = f"personal field {name} must be masked: at most the first six and last four digits"
        raise PersonalFieldRefused(msg)
    return value
