"""Which reader a file needs, by its content alone: names lie, first bytes rarely do."""

from __future__ import annotations

import codecs
import re
from typing import Final, Literal

import puremagic

from documents.problems import Problem

Container = Literal["empty", "pdf", "image", "xml", "mail", "text", "unsupported"]
"""What the bytes are wrapped in; the `Kind` of a PDF or an XML is known only after looking inside."""

PDF_HEADER_WITHIN: Final = 1024
"""Readers accept the %PDF- marker anywhere in the first 1024 bytes (PDF 1.7, implementation note 13)."""

_IMAGE_SIGNATURES: Final = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"II*\x00",  # TIFF, little endian
    b"MM\x00*",  # TIFF, big endian
    b"BM",
    b"GIF87a",
    b"GIF89a",
)
_HEIF_BRANDS: Final = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif")
_EXTENSIONS: Final[dict[str, Container]] = {
    "pdf": "pdf",
    **dict.fromkeys(("jpg", "jpeg", "png", "tif", "tiff", "bmp", "gif", "webp", "heic", "heif", "avif"), "image"),
    "xml": "xml",
    **dict.fromkeys(("txt", "text", "md"), "text"),
    **dict.fromkeys(("eml", "mime"), "mail"),
}
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MARKUP = re.compile(r"\s*<(!doctype\s+html|html|head|body|script|svg)\b", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HEADERS = re.compile(
    rb"\A(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)*?"
    rb"(?:from|to|subject|date|received|return-path|mime-version|message-id|delivered-to):[^\r\n]*\r?\n",
    re.IGNORECASE,
)
_MIME = re.compile(rb"^(?:mime-version|message-id|return-path)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_HEAD: Final = 16_384
_BMP_RESERVED: Final = slice(6, 10)


def sniff(data: bytes) -> Container:
    """The container these bytes are, whatever the file is called."""
    if not data.strip(b"\x00 \t\r\n"):
        return "empty"
    if b"%PDF-" in data[:PDF_HEADER_WITHIN]:
        return "pdf"
    if _is_image(data):
        return "image"
    text = decode_text(data)
    if text is None or _MARKUP.match(text):
        return "unsupported"
    if text.lstrip().startswith("<"):
        return "xml"
    return "mail" if is_mail(data) else "text"


def decode_text(data: bytes) -> str | None:
    """The text in these bytes, or None when they are binary. UTF by BOM or validity, else Windows-1252."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, errors="replace")
    for encoding in ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROLS.search(text) else text
    return None


def describe(data: bytes) -> str:
    """What an unsupported file seems to be, for the message to the person who sent it."""
    # Office files are ZIP archives as well; the folders inside tell which.
    if data.startswith(b"PK\x03\x04") and not any(folder in data for folder in (b"word/", b"xl/", b"ppt/")):
        return "a ZIP archive"
    try:
        guesses = puremagic.magic_string(data[:4096])
    except (puremagic.PureError, ValueError):
        return "an unknown binary format"
    return guesses[0].name or guesses[0].extension or "an unknown binary format"


def check_extension(name: str, container: Container) -> Problem | None:
    """A doubt when the file's name promises another kind than its content is."""
    _, dot, extension = name.rpartition(".")
    promised = _EXTENSIONS.get(extension.lower()) if dot else None
    if promised in {None, container} or container in {"empty", "unsupported"}:
        return None
    return Problem(
        "WRONG_EXTENSION", f"the name ends in .{extension}, the content is {container}; was this file meant?"
    )


def _is_image(data: bytes) -> bool:
    if data.startswith(b"BM"):  # two letters are also how texts begin; a bitmap's reserved bytes are zero
        return data[_BMP_RESERVED] == b"\x00\x00\x00\x00"
    if data.startswith(_IMAGE_SIGNATURES):
        return True
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return True
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def is_mail(data: bytes) -> bool:
    """Whether the bytes begin as a message does: header lines, among them one that only messages have."""
    head = data[:_HEAD].lstrip(b"\r\n")
    if not _HEADERS.match(head):
        return False
    block = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    return bool(_MIME.search(block))
