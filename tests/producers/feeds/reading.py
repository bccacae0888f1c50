"""Feeds of a few lines, written here, and a short way to read them."""

import os
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

from producers.card_feed import Feed, survey
from producers.card_line import CardLine, Holder
from producers.feed_map import ColumnMap
from producers.feeds.record import BadRow

DATA = Path(os.environ.get("SPENDTRAIL_DATA", Path(__file__).parents[4] / "shared" / "data"))
JONES = Holder(tenant="acme", employee_id="E-9", currency="GBP")
NO_MAP = ColumnMap()

VcfRow = tuple[str, ...]


def written(folder: Path, content: str | bytes, name: str = "feed") -> Path:
    """Return a file with this content; its name tells nothing of the format."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines_of(feed: Feed, holder: Holder = JONES) -> list[CardLine]:
    """Return what the rows say, where none is bad."""
    lines = [line for _, line in feed.read(holder) if isinstance(line, CardLine)]
    assert len(lines) == feed.rows
    return lines


def faults_of(feed: Feed, holder: Holder = JONES) -> list[tuple[int, str, str]]:
    """Return line, field and message of every bad row."""
    return [(r.line, fault.column, str(fault)) for r, fault in feed.read(holder) if isinstance(fault, BadRow)]


def said(folder: Path, content: str | bytes) -> list[tuple[str, str, str, str, str | None]]:
    """Return day, amount, currency, merchant and category code of every row of a feed."""
    return [
        (c.day.isoformat(), str(c.amount), c.currency, c.merchant, c.facts.mcc)
        for c in lines_of(survey(written(folder, content), NO_MAP, JONES))
    ]


def vcf(
    *rows: tuple[str, ...], count: int | None = None, total: int | None = None, file_total: int | None = None
) -> str:
    """Return a VCF 4 file with one block of transactions; a row is type, amount, currency, day, and what follows."""
    found = sum(int(row[1]) for row in rows if row[1].isdigit())
    details = "".join("\t".join(_vcf_cells(*row)) + "\r\n" for row in rows)
    return (
        _vcf_edge("6", "00", 0, 0)
        + _vcf_edge("8", "05", 0, 0)
        + details
        + _vcf_edge("9", "05", len(rows) if count is None else count, found if total is None else total)
        + _vcf_edge("7", "00", len(rows) + 2, found if file_total is None else file_total)
    )


def _vcf_edge(record: str, kind: str, count: int, total: int) -> str:
    return f"{record}\t0000000001\t00001\t01312024\t{kind}\t{count:010}\t{total:016}\t4.0       \t1\r\n"


def _vcf_cells(
    kind: str,
    amount: str,
    currency: str,
    day: str,
    supplier: str = "SHELL 12",
    source: str = "0",
    abroad: str = "00000",
) -> list[str]:
    """Return the twenty fields of a transaction that are read."""
    cells = ["4", "4929123412341234   ", "01312024", "REF1", "0000000001", "24001", "446366", "1", supplier, "LEEDS"]
    return [*cells, "", "00826", "", source.zfill(16), amount.zfill(16), abroad, "5541", kind, day, currency]


def gl1025(*rows: str, count: int | None = None, trailer: str | None = "9") -> str:
    """Return a GL1025 file around transaction records."""
    head = f"{'16094':<26}GL1025  0056 01 2024-01-31".ljust(76) + f"{len(rows) if count is None else count:015}"
    end = f"{trailer}{head}\n" if trailer else ""
    return f"0{head}\n8summary\n" + "".join(f"{row}\n" for row in rows) + end


def gl1025_row(**fields: str) -> str:
    """Return one transaction record of full width."""
    places = {
        "account": (207, "379123412341234"),
        "last": (227, "DOE"),
        "first": (257, "JANE"),
        "day": (588, "2024-01-05"),
        "reference": (631, "TX1"),
        "sign": (736, "+"),
        "billed": (737, "000000000006381"),
        "decimals": (768, "2"),
        "currency": (769, "124"),
        "local": (811, "000000000004833"),
        "local_decimals": (842, "2"),
        "local_currency": (858, "840"),
        "mcc": (1677, "5310"),
        "name": (1913, "NORTHFIELD HARDWARE"),
    }
    row = list("1".ljust(2400))
    for field, (at, usual) in places.items():
        text = fields.get(field, usual)
        row[at : at + len(text)] = text
    return "".join(row)


def cdf_transaction(
    amount: str = "000050000",
    *,
    side: str = "D",
    sign: str | None = None,
    currency: str = "978",
    exponent: str = "4",
    day: str = "2024-01-05",
    original: str = "",
) -> str:
    """Return one transaction of CDF 3 or S3DF: two records."""
    attributes = f'CurrencyCode="{currency}" CurrencyExponent="{exponent}" CurrencySign="{sign or side}"'
    return (
        f'<FinancialTransactionEntity ProcessorTransactionId="T1">\n<FinancialTransaction_5000>\n'
        f"<ProcessorTransactionId>T1</ProcessorTransactionId><TransactionDate>{day}</TransactionDate>\n"
        f"<DebitOrCreditIndicator>{side}</DebitOrCreditIndicator>{original}\n"
        f"<AmountInPostedCurrency {attributes}>{amount}</AmountInPostedCurrency>\n"
        f"<PostedCurrencyCode>{currency}</PostedCurrencyCode>\n</FinancialTransaction_5000>\n<CardAcceptor_5001>"
        f"<CardAcceptorName>Hotel &amp; Bar</CardAcceptorName><CardAcceptorCity>YORK</CardAcceptorCity>"
        f"<CardAcceptorStateProvince>NY</CardAcceptorStateProvince>"
        f"<CardAcceptorBusinessCode>7011</CardAcceptorBusinessCode></CardAcceptor_5001>\n</FinancialTransactionEntity>\n"
    )


def cdf(*transactions: str, trailer: str | None = None, root: str = "CDFTransmissionFile", before: str = "") -> str:
    """Return a transmission of one account; without a trailer of the test's own, one that counts rightly."""
    records = 3 + 2 * len(transactions)
    counted = f"<TransmissionTrailer_9999><RecordCount>{records:08}</RecordCount></TransmissionTrailer_9999>"
    return (
        f'<?xml version="1.0"?>{before}\n<{root}>\n<TransmissionHeader_1000/>\n<IssuerEntity><CorporateEntity>\n'
        f'<AccountEntity AccountNumber="5412123412341234">\n'
        f"<AccountInformation_4300><NameLine1>JANE DOE</NameLine1></AccountInformation_4300>\n"
        f"{''.join(transactions)}</AccountEntity>\n</CorporateEntity></IssuerEntity>\n"
        f"{counted if trailer is None else trailer}\n</{root}>\n"
    )


def camt_entry(
    amount: str = "12.50",
    side: str = "DBIT",
    *,
    currency: str = "EUR",
    status: str = "BOOK",
    details: str = "<NtryDtls><TxDtls><RltdPties><Cdtr><Nm>Rail AG</Nm></Cdtr></RltdPties></TxDtls></NtryDtls>",
    day: str = "<BookgDt><Dt>2024-01-05</Dt></BookgDt>",
) -> str:
    """Return one entry."""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>{status}</Sts>{day}'
        f"<AcctSvcrRef>A1</AcctSvcrRef>{details}</Ntry>\n"
    )


def camt(*entries: str, message: str = "053.001.02", summary: str = "", before: str = "") -> str:
    """Return a message with one statement."""
    outer, inner = {"052": ("BkToCstmrAcctRpt", "Rpt"), "053": ("BkToCstmrStmt", "Stmt")}.get(
        message[:3], ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    )
    return (
        f'<?xml version="1.0"?>{before}\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{message}">\n<{outer}>'
        f"<{inner}><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>\n{summary}\n{''.join(entries)}</{inner}>"
        f"</{outer}>\n</Document>"
    )


OFX_1 = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
CHARSET:1252

<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>USD
<CCACCTFROM><ACCTID>4111111111111111</CCACCTFROM>
<BANKTRANLIST>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240106120000[-5:EST]
<DTUSER>20240105<TRNAMT>-12.50<FITID>F1<NAME>AT&amp;T<MEMO>PHONE</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20240107<TRNAMT>3,25<FITID>F2<SIC>5812<NAME>DINER</STMTTRN>
</BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>
"""

STRIPE = """{"object": "list", "has_more": false, "data": [
  {"object": "issuing.transaction", "id": "ipi_1", "amount": -1250, "currency": "usd", "created": 1704453000,
   "card": "ic_9", "merchant_amount": -1000, "merchant_currency": "eur",
   "merchant_data": {"name": "Rail AG", "category_code": "4112", "category": "passenger_railways"}}
]}"""


def workbook(path: Path, **sheets: dict[int, tuple[str | Decimal | None, ...]]) -> Path:
    """Write an .xlsx of these rows, by their numbers."""
    kinds = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    wide = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    names = list(enumerate(sheets, 1))
    with ZipFile(path, "w") as file:
        file.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kinds}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{wide}"/></Types>',
        )
        file.writestr("_rels/.rels", _links(kinds, [("r1", f"{office}/officeDocument", "xl/workbook.xml")]))
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            _links(kinds, [(f"r{n}", f"{office}/worksheet", f"worksheets/s{n}.xml") for n, _ in names]),
        )
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in names)
        file.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>'
        )
        for n, name in names:
            rows = "".join(
                f'<row r="{at}">{"".join(_cell(at, c, v) for c, v in enumerate(row) if v is not None)}</row>'
                for at, row in sheets[name].items()
            )
            file.writestr(
                f"xl/worksheets/s{n}.xml", f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
            )
    return path


def _links(kinds: str, links: list[tuple[str, str, str]]) -> str:
    told = "".join(f'<Relationship Id="{i}" Type="{kind}" Target="{target}"/>' for i, kind, target in links)
    return f'<Relationships xmlns="{kinds}/relationships">{told}</Relationships>'


def _cell(row: int, column: int, value: str | Decimal) -> str:
    place = f"{chr(ord('A') + column)}{row}"
    if isinstance(value, Decimal):
        return f'<c r="{place}"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
