"""The documentation is held to the code: derived pages, links, commands, settings, codes, and what it must not name."""

import re
import tomllib
from pathlib import Path

import pytest

from consumers.runtime.dead_letter import dead_letter
from consumers.runtime.transport import Fetched
from consumers.stages import STAGES
from docs.generate import PAGES, REFERENCE, write
from schemas import dead_letters
from schemas.topics import TOPICS
from tests.docs.codes import codes, words

ROOT = Path(__file__).parent.parent.parent
PAGES_BY_HAND = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in PAGES_BY_HAND)])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def text(path: Path) -> str:
    """Return a page's text."""
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    """Return a page's name for a test's id."""
    return str(path.relative_to(ROOT))


def anchors(path: Path) -> set[str]:
    """Return the anchors that a page's headings get on GitHub."""
    headings = HEADING.findall(FENCED.sub("", text(path)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_derived_page_is_what_the_code_gives(name: str) -> None:
    """A committed reference page equals what the generator gives (`python -m docs.generate`)."""
    assert text(REFERENCE / name) == PAGES[name]()


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    """A second run of the generator finds every page as it left it."""
    assert len(write(tmp_path)) == len(PAGES)
    assert write(tmp_path) == []


def test_every_test_that_a_page_names_is_there() -> None:
    """A page that says what holds it names tests that exist."""
    there = {name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)", text(path))}
    told = {name for page in DOCUMENTS for name in re.findall(r"`(test_\w+)(?:\[\w+\])?`", text(page))}
    assert told - there == set()


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file that is there, and a heading that is in it."""
    broken = []
    for link in LINK.findall(FENCED.sub("", text(page))):
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_no_page_names_a_machine(page: Path) -> None:
    """No page holds a path of the machine it was written on."""
    assert re.findall(r"/(?:home|Users|root|work)/\S*", text(page)) == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_every_command_named_exists(page: Path) -> None:
    """A `spendtrail` command in the documentation is one of the command line's."""
    known = {
        tuple(verb.split()) for verb in re.findall(r"^## spendtrail (.+)$", text(REFERENCE / "cli.md"), re.MULTILINE)
    }
    groups = {verb[0] for verb in known if len(verb) > 1}
    asked = re.findall(r"(?:^ {4}|`)spendtrail ((?!-)[a-z-]+)(?: ([a-z-]+))?", text(page), re.MULTILINE)
    unknown = [" ".join(a) for a in asked if (a[0],) not in known and not (a[0] in groups and (a in known or not a[1]))]
    assert unknown == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_every_variable_named_exists(page: Path) -> None:
    """A `SPENDTRAIL_*` variable in the documentation is one that something reads."""
    known = set(re.findall(r"SPENDTRAIL_[A-Z_]+", text(REFERENCE / "settings.md")))
    assert set(re.findall(r"SPENDTRAIL_[A-Z_]*[A-Z]", text(page))) <= known


def test_every_variable_read_is_documented() -> None:
    """A `SPENDTRAIL_*` variable that the code names is in the reference of settings."""
    known = set(re.findall(r"SPENDTRAIL_[A-Z_]+", text(REFERENCE / "settings.md")))
    packages = [p.parent for p in ROOT.glob("*/__init__.py")]
    read = {v for p in packages for f in p.rglob("*.py") for v in re.findall(r"SPENDTRAIL_[A-Z_]*[A-Z]", text(f))}
    assert read <= known


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_every_metric_named_exists(page: Path) -> None:
    """A metric in the documentation is one that a stage process serves."""
    known = set(re.findall(r"`(spendtrail_\w+)`", text(REFERENCE / "metrics.md")))
    assert set(re.findall(r"`(spendtrail_\w+)`", text(page))) <= known


@pytest.mark.parametrize("page", DOCUMENTS, ids=named)
def test_every_topic_named_exists(page: Path) -> None:
    """A name in the form of a topic is a topic of the table or a stage's changelog."""
    known = {t.name for t in TOPICS} | {s.changelog.name for s in STAGES if s.changelog}
    forms = {name.split(".")[0] for name in known}
    spans = re.findall(r"`([a-z]+\.[a-z]+)`", text(page))
    assert {s for s in spans if s.split(".")[0] in forms and not s.endswith((".py", ".md"))} <= known


def test_every_code_raised_is_explained() -> None:
    """A code that some module raises has a row on the page of problem codes."""
    assert codes(ROOT) <= explained()


def test_every_code_explained_exists() -> None:
    """A code on the page of problem codes is one that some module holds."""
    assert explained() <= words(ROOT)


def explained() -> set[str]:
    """Return the codes that have a row of their own."""
    return set(re.findall(r"^\| `([A-Z_]+)` \|", text(REFERENCE / "problem-codes.md"), re.MULTILINE))


def test_dead_letter_headers_are_explained() -> None:
    """The page of dead letter headers lists exactly what a dead letter is given."""
    replayed = ((dead_letters.REPLAY_ORIGIN, b"expense.read/0/1"),)
    record = Fetched("expense.read", 0, 7, b"key", b"value", replayed, 0)
    letter = dead_letter(record, ValueError("bad"), group="parse", stage="parse", timestamp_ms=0)
    ours = {
        getattr(dead_letters, n)
        for n in dead_letters.__all__
        if n.startswith(("REPLAY_GROUP", "REPLAY_ORIGIN", "SEALED_"))
    }
    listed = set(re.findall(r"`(__dlq\.[a-z.]+)`", text(REFERENCE / "dead-letter-headers.md")))
    assert listed == {name for name, _ in letter.headers} | ours


def test_every_root_package_is_named() -> None:
    """Each root package of the wheel has a row in the reference."""
    project = tomllib.loads(text(ROOT / "pyproject.toml"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert packages <= set(re.findall(r"^\| `(\w+)` \|", text(REFERENCE / "README.md"), re.MULTILINE))


@pytest.mark.parametrize("folder", [p for p in sorted((ROOT / "docs").iterdir()) if p.is_dir()], ids=named)
def test_every_page_is_listed(folder: Path) -> None:
    """Each page of a folder is linked from the folder's own README."""
    pages = {p.name for p in folder.glob("*.md")} - {"README.md"}
    assert pages <= set(LINK.findall(text(folder / "README.md"))) if pages else True


def test_every_stage_is_in_the_picture() -> None:
    """The README's diagram names every stage."""
    picture = FENCED.search(text(ROOT / "README.md"))
    assert picture
    diagrams = " ".join(FENCED.findall(text(ROOT / "README.md")))
    assert [s.name for s in STAGES if s.name not in diagrams] == []
