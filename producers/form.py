"""Multipart forms read with a limit on every part, while they stream in."""

from collections.abc import AsyncGenerator

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

__all__ = ["FormRefused", "PartTooLarge", "read_form"]

_MOST_FILES = 50
_MOST_FIELDS = 50
_FIELD_BYTES = 4_096


class FormRefused(ValueError):
    """The request is no such form; the message says what is expected."""


class PartTooLarge(Exception):
    """A part of the form is over the limit. What was read of the form is thrown away."""


class _Bounded(MultiPartParser):
    """Starlette's parser, which bounds fields but not files."""

    def __init__(self, request: Request, stream: AsyncGenerator[bytes, None], limit: int) -> None:
        super().__init__(
            request.headers, stream, max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES
        )
        self._limit, self._size = limit, 0

    def on_part_begin(self) -> None:
        self._size = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._size > self._limit:
            raise PartTooLarge
        super().on_part_data(data, start, end)


async def read_form(request: Request, limit: int) -> tuple[dict[str, str], list[UploadFile]]:
    """Return the form's fields and its files, spooled to disk; the caller closes the files.

    `limit` is the largest part in bytes.

    Raises:
        PartTooLarge: a file is larger.
        FormRefused: no multipart form, damaged, or too many parts.

    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise FormRefused("send multipart/form-data with the field `file` and the field `employee`")
    try:
        form: FormData = await _Bounded(request, request.stream(), limit).parse()
    except MultiPartException as error:
        raise FormRefused(f"the form cannot be read: {error.message}") from error
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    return fields, files
