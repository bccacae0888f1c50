"""XML feeds as a stream of elements: no entities, no network, memory that does not grow with the file."""

from collections.abc import Collection, Iterator
from pathlib import Path

from lxml import etree

from producers.feed_rows import FeedRefused

__all__ = ["Element", "attribute", "first_text", "line_of", "source", "stream"]

Element = etree._Element  # noqa: SLF001 - lxml publishes the type of an element under no other name


def stream(path: Path, keep: Collection[str], drop: Collection[str]) -> Iterator[tuple[str, Element]]:
    """Yield each finished element with its name; those named in `drop` leave memory when the next is asked for.

    Comments are left out. `keep` names what is yielded beside `drop`; empty yields every element.

    Raises:
        FeedRefused: no well-formed XML, or it declares a document type: entities could name other files.

    """
    done: Element | None = None
    try:
        # The file is opened here, so that nothing of the path is taken for a URL.
        with path.open("rb") as file:
            for _, element in etree.iterparse(
                file, events=("end",), resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
            ):
                if element.getroottree().docinfo.doctype:
                    raise FeedRefused(f"{path}, line 1: declares a document type, which no feed needs; remove it")
                name = etree.QName(element).localname
                if name in drop or name in keep or not keep:
                    yield name, element
                if name in drop:
                    # The parser still holds the element it just ended: it is emptied now, and taken out one later.
                    element.clear(keep_tail=True)
                    parent = done.getparent() if done is not None else None
                    if done is not None and parent is not None:
                        parent.remove(done)
                    done = element
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise FeedRefused(
            f"{path}, line {line}: is no well-formed XML: {error.msg}; have it delivered again"
        ) from error


def first_text(element: Element, *paths: str) -> str:
    """Return the text of the first path that has any, blanks folded; steps are names without namespace, `/` between."""
    for steps in paths:
        query = "/".join("{*}" + step if step else "" for step in steps.split("/"))
        for found in element.iterfind(query):
            text = " ".join((found.text or "").split())
            if text:
                return text
    return ""


def attribute(element: Element, name: str) -> str:
    """Return an attribute's text, empty when it is not there."""
    return str(element.get(name) or "").strip()


def line_of(element: Element) -> int:
    """Return the line an element begins on, 0 where the parser does not know."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def source(element: Element) -> str:
    """Return an element as it stands in the feed."""
    return etree.tostring(element, encoding="unicode", with_tail=False)
