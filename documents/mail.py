"""E-mails (RFC 5322, MIME) taken apart: each attachment is a document of its own, the body one where none is attached.

Nothing is followed or fetched: links, images by address and external bodies stay what they are.
"""

from __future__ import annotations

import email
import html
import re
from dataclasses import dataclass
from email.errors import MessageError
from email.policy import default
from typing import TYPE_CHECKING, Final, cast

from documents import kinds
from documents.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from documents.limits import Limits

_UNNAMED: Final = "attachment"
DEEPEST: Final = 8
"""Messages within messages that are opened; a chain of forwards is shorter, a bomb is not."""

_SIGNATURES: Final = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_BLOCK = re.compile(r"<(?:br|/p|/div|/tr|/h[1-6]|/li)\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]>", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Part:
    """One document in a message: the name it was given and its bytes."""

    name: str
    data: bytes


class UnreadableMail(Exception):
    """Carries the `Problem` that says why a message holds nothing to read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def parts_of(data: bytes, limits: Limits) -> tuple[Part, ...]:
    """The documents of a message: its attachments, those of messages inside it included, else its body.

    Pictures shown inside the text (logos, signatures) are no documents. Raises `LimitExceeded` for more attachments
    or bytes than one document may have, `UnreadableMail` when nothing is left to read.
    """
    try:
        message = email.message_from_bytes(data, policy=default)
        parts = tuple(_attachments(message, 0, limits))
        if not parts:
            parts = tuple(_body(message))
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # The parser's own classes of failure on malformed headers, encodings and nesting.
        message_ = f"the e-mail cannot be taken apart ({type(error).__name__}); send its attachments alone"
        raise UnreadableMail(Problem("CORRUPT", message_)) from error
    limits.check("pages", len(parts), limits.pages)
    if not parts:
        raise UnreadableMail(Problem("EMPTY", "the e-mail has no attachment and no text; send the document itself"))
    return parts


def _attachments(message: EmailMessage, depth: int, limits: Limits) -> Iterator[Part]:
    limits.check("depth", depth, DEEPEST)
    for part in message.iter_attachments() if message.is_multipart() else ():
        kind = part.get_content_type()
        if kind == "message/rfc822":
            inner = part.get_payload()
            yield from _inner(cast("list[EmailMessage]", inner), depth, limits)
        elif part.is_multipart():
            yield from _attachments(part, depth + 1, limits)
        elif not _is_decoration(part, kind):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes) and content.strip():
                limits.check("bytes", len(content), limits.bytes)
                yield Part(_name(part), content)


def _inner(messages: list[EmailMessage], depth: int, limits: Limits) -> Iterator[Part]:
    for inner in messages:
        found = list(_attachments(inner, depth + 1, limits))
        yield from found or _body(inner)


def _is_decoration(part: EmailMessage, kind: str) -> bool:
    """A logo in the text, a detached signature, a calendar: not what the message was sent for."""
    if kind in _SIGNATURES or kind == "text/calendar":
        return True
    shown = part.get("Content-ID") is not None and part.get_content_disposition() != "attachment"
    return shown and kind.startswith("image/")


def _name(part: EmailMessage) -> str:
    """The file's own name without any folder; a path in it would be the sender's, and none of ours."""
    return re.split(r"[/\\]", part.get_filename() or _UNNAMED)[-1] or _UNNAMED


def _body(message: EmailMessage) -> Iterator[Part]:
    body = message.get_body(("plain", "html"))
    if body is None:
        return
    content = body.get_payload(decode=True)
    if not isinstance(content, bytes):
        return
    charset = body.get_content_charset() or "utf-8"
    try:
        text = content.decode(charset, errors="replace")
    except LookupError:
        text = kinds.decode_text(content) or ""
    if body.get_content_subtype() == "html":
        text = plain_of(text)
    if text.strip():
        yield Part("body.txt", text.encode())


def plain_of(markup: str) -> str:
    """Text of an HTML body, a row a line: enough to read amounts by, and nothing of it is run or fetched."""
    text = _BLOCK.sub("\n", _CELL.sub("    ", _UNSEEN.sub("", markup)))
    lines = (line.rstrip() for line in html.unescape(_TAG.sub("", text)).splitlines())
    return "\n".join(line for line in lines if line.strip())
