"""Files that cannot be read as they are: cut short, locked, empty, under a wrong name, of an unsupported kind."""

import zipfile
from io import BytesIO

import pikepdf

PASSWORD = "fictional-owner"  # noqa: S105 - the lock of a sample nobody is meant to open
ZIP_EPOCH = (2026, 10, 1, 9, 0, 0)
"""The modification time inside the archive, fixed so that the bytes do not depend on when the set is made."""


def truncate(pdf: bytes) -> bytes:
    """Keep the first 45 % and garble a stretch of it, as a broken transfer leaves a PDF: no trailer, no pages."""
    kept = bytearray(pdf[: len(pdf) * 45 // 100])
    start, end = len(kept) // 4, len(kept) * 3 // 4
    for index in range(start, end):
        kept[index] ^= 0x5A
    return bytes(kept)


def lock(pdf: bytes) -> bytes:
    """Encrypt a PDF so that it does not open without its password.

    128-bit RC4 with a static file id, the one PDF cipher without a random vector, so that the bytes stay the same
    from run to run: the sample shows a lock, it guards nothing.
    """
    locked = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        rights = pikepdf.Encryption(owner=PASSWORD, user=PASSWORD, R=3, aes=False, metadata=False)
        document.save(locked, encryption=rights, static_id=True)
    return locked.getvalue()


def archive(names: dict[str, bytes]) -> bytes:
    """Pack files into a ZIP archive, which no reader of documents takes."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in names.items():
            packed.writestr(zipfile.ZipInfo(name, date_time=ZIP_EPOCH), content)
    return stream.getvalue()
