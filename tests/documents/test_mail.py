"""E-mails: each attachment a document of its own, the body one where nothing is attached."""

from email.message import EmailMessage

import pytest

from documents.extract import extract
from documents.kinds import sniff
from documents.limits import LimitExceeded, Limits
from documents.mail import UnreadableMail, parts_of, plain_of
from documents.reader import read

BILL = b"Northwind Cleaning Ltd\nInvoice number: NC-7\nInvoice date: 5 March 2024\nTotal due GBP 120.00\n"


def _mail(*attachments: tuple[str, bytes], body: str = "See attached.") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "billing@northwind.example", "ap@buyer.example"
    message["Subject"], message["Message-ID"] = "Invoice", "<1@northwind.example>"
    message.set_content(body)
    for name, data in attachments:
        message.add_attachment(data, maintype="text", subtype="plain", filename=name)
    return message


def test_a_message_is_told_by_its_headers() -> None:
    """Header lines that only messages have make a mail; a bill that begins with a date does not."""
    assert sniff(bytes(_mail(("a.txt", BILL)))) == "mail"
    assert sniff(b"Date: 5 March 2024\nReceived: 120.00\n\nThank you\n") == "text"


def test_each_attachment_is_a_document() -> None:
    """Two attachments are two documents, each named after the message and hashed for itself."""
    other = BILL.replace(b"NC-7", b"NC-8")
    found = extract("in.eml", bytes(_mail(("a.txt", BILL), ("b.txt", other))))
    assert [(each["file"], each["invoice_number"]) for each in found] == [
        ("in.eml/a.txt", "NC-7"),
        ("in.eml/b.txt", "NC-8"),
    ]
    assert found[0]["sha256"] != found[1]["sha256"]


def test_without_attachment_the_body_is_read() -> None:
    """A bill in the body, plain or HTML, is a text."""
    (plain,) = extract("in.eml", bytes(_mail(body=BILL.decode())))
    message = _mail()
    message.set_content(
        f"<table><tr><td>{'</td></tr><tr><td>'.join(BILL.decode().splitlines())}</td></tr></table>", "html"
    )
    (html,) = extract("in.eml", bytes(message))
    assert plain["invoice_number"] == html["invoice_number"] == "NC-7"
    assert plain["total"] == html["total"] == "120.00"


def test_as_one_expense_several_attachments_are_a_problem() -> None:
    """A file that came as one expense and holds two documents is for a person; with one it is read."""
    two = read("in.eml", bytes(_mail(("a.txt", BILL), ("b.txt", BILL))))
    one = read("in.eml", bytes(_mail(("a.txt", BILL))))
    assert [problem.code for problem in two.problems] == ["SEVERAL_DOCUMENTS"]
    assert (one.kind, one.problems) == ("text", ())


def test_a_logo_in_the_text_is_no_document() -> None:
    """A picture shown inside the text is left out; the same picture attached is not."""
    message = _mail(body=BILL.decode())
    message.add_related(b"\x89PNG\r\n\x1a\n", "image", "png", cid="<logo@x>")
    assert [part.name for part in parts_of(bytes(message), Limits())] == ["body.txt"]


def test_a_forwarded_message_gives_its_attachments() -> None:
    """A message inside a message is opened; its attachments are documents of the outer one."""
    outer = _mail()
    outer.add_attachment(_mail(("a.txt", BILL)))
    assert [part.name for part in parts_of(bytes(outer), Limits())] == ["a.txt"]


def test_nesting_and_size_are_bounded() -> None:
    """Messages within messages end at a depth, attachments at the size of a document."""
    deep = _mail(("a.txt", BILL))
    for _ in range(12):
        outer = _mail()
        outer.add_attachment(deep)
        deep = outer
    with pytest.raises(LimitExceeded, match="depth"):
        parts_of(bytes(deep), Limits())
    with pytest.raises(LimitExceeded, match="bytes"):
        parts_of(bytes(_mail(("a.txt", BILL * 100))), Limits(bytes=1000))


def test_names_carry_no_folder() -> None:
    """A path in an attachment's name is dropped."""
    (part,) = parts_of(bytes(_mail(("../../etc/passwd", BILL))), Limits())
    assert part.name == "passwd"


def test_an_empty_message_says_so() -> None:
    """Nothing attached and nothing written is a typed problem."""
    with pytest.raises(UnreadableMail) as empty:
        parts_of(bytes(_mail(body=" ")), Limits())
    assert empty.value.problem.code == "EMPTY"


def test_markup_is_only_text() -> None:
    """Scripts and styles are left out, cells are apart, entities are letters."""
    assert plain_of("<style>x</style><tr><td>A &amp; B</td><td>1</td></tr><script>y</script>") == "A & B    1"
