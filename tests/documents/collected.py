"""Files that hold several documents, put together from the sample set's own pages."""

import io
from email.message import EmailMessage
from functools import cache
from random import Random

import pikepdf

from samples.invoices import british_training, office_supplies, parts_statement, software_subscription
from samples.sample import Facts, Rendered


@cache
def invoices() -> list[Rendered]:
    """Return an invoice of three pages between two of one page, and another; four sellers, all of them sound."""
    numbers = Random(7)  # noqa: S311 - an invoice number, no secret
    makers = (office_supplies, parts_statement, software_subscription, british_training)
    return [maker.compose(numbers) for maker in makers]


def merged(*documents: bytes) -> bytes:
    """Return PDFs as one, page after page; the same every time."""
    whole = pikepdf.new()
    for document in documents:
        with pikepdf.open(io.BytesIO(document)) as one:
            whole.pages.extend(one.pages)
    file = io.BytesIO()
    whole.save(file, deterministic_id=True)
    return file.getvalue()


def mailed(*attachments: tuple[str, bytes]) -> bytes:
    """Return a message with files attached; the same every time."""
    message = EmailMessage()
    message["From"], message["To"] = "billing@northwind.example", "ap@buyer.example"
    message["Subject"], message["Message-ID"] = "Invoices", "<2@northwind.example>"
    message.set_content("See attached.")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    message.set_boundary("spendtrail-boundary")
    return bytes(message)


def facts(documents: list[Rendered]) -> list[tuple[str, str]]:
    """Return the number and total printed on each."""
    printed: list[Facts] = [document.facts for document in documents]
    return [(each.number, f"{each.total}") for each in printed]
