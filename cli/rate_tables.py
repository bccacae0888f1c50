"""`spendtrail policy per-diem-table`: next year's per diem table out of the file a government publishes."""

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape

from cli.context import Refused
from cli.output import console, errors, say_json
from policy.errors import Fault, PolicyError
from policy.per_diem.forms.gsa import convert
from policy.per_diem.forms.outside import convert_dod, convert_state
from policy.per_diem.forms.zips import read_zips
from policy.per_diem.models import RateTable
from policy.per_diem.shipped import rendered

__all__ = ["Form", "per_diem_table"]


class Form(StrEnum):
    """Who publishes the file."""

    GSA = "gsa"
    STATE = "state"
    DOD = "dod"


_ABROAD: dict[Form, Callable[..., RateTable]] = {Form.STATE: convert_state, Form.DOD: convert_dod}


def per_diem_table(
    file: Annotated[Path, typer.Argument(help="The published rates as CSV, as published.")],
    form: Annotated[Form, typer.Option(help="Who publishes it: gsa (CONUS), state (foreign) or dod (OCONUS).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the table is written, a .json of a policy.")],
    source: Annotated[str | None, typer.Option(help="Where the file is from; the file's name otherwise.")] = None,
    until: Annotated[
        str | None, typer.Option(help="Last day it is for, state and dod; the end of the fiscal year otherwise.")
    ] = None,
    zips: Annotated[
        Path | None,
        typer.Option(
            help="CSV of zip, state, county, so that a ZIP alone finds its place. Its licence is yours to see to."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of text.")] = False,
) -> None:
    """Make a per diem table for a policy out of the file its publisher gives. Put it into the policy's folder.

    Days that the file leaves without a rate, or claims twice, are said; what is spent then goes to a person. Exit code
    2 where the file is not in the form: row and field are named.
    """
    notices: list[str] = []
    said = source or file.name
    if zips is not None and form is not Form.GSA:
        raise Refused("--zips is for --form gsa; other tables have no counties")
    if until is not None and form is Form.GSA:
        raise Refused("--until is for --form state and dod; a GSA table is for its whole fiscal year")
    try:
        if form is Form.GSA:
            counties = read_zips(_text(zips), str(zips)) if zips else None
            table = convert(_text(file), str(file), notices, source=said, zips=counties)
        else:
            table = _ABROAD[form](_text(file), str(file), notices, source=said, until=_day(until))
        output.write_text(rendered(table), encoding="utf-8")
    except PolicyError as error:
        raise Refused(str(error)) from error
    except ValidationError as error:
        told = "; ".join(item["msg"].removeprefix("Value error, ") for item in error.errors(include_url=False))
        raise Refused(f"{file}: {told}") from error
    except OSError as error:
        raise Refused(f"{output}: cannot be written: {error.strerror}; give a folder that exists") from error
    if json:
        say_json(
            {
                "id": table.id,
                "places": len(table.places),
                "since": table.since,
                "until": table.until,
                "notices": notices,
            }
        )
        return
    for notice in notices:
        errors.print(f"[yellow]notice[/yellow]  {escape(notice)}", highlight=False, soft_wrap=True)
    days = f"{table.since} to {table.until}"
    console.print(f"{table.id}: {len(table.places)} places, {days}, in {escape(str(output))}", highlight=False)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(Fault(str(path), "", f"cannot be read: {error}", "give a UTF-8 file that exists")) from error


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError as error:
        raise Refused(f"--until {text!r} is no date; write it as 2026-03-31") from error
