"""Every rule of the runner is held: taken out by a small change, a test fails, and says what this table says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.markdown import code, table
from tests.mutations.mutation import RULES, Mutation
from tests.mutations.rules import MUTATIONS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reference" / "runner-rules.md"
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
ABOUT = (
    "Each rule has a measured failure behind it. `tests/mutations` takes it out by the change named here and sees"
    " the test fail with these words. The page is its table: `SPENDTRAIL_ACCEPT=1` on its tests writes it anew."
)
_SECONDS = 120


def named(mutation: Mutation) -> str:
    """Return a mutation's name for a test's id."""
    return f"{mutation.rule:02d}-{mutation.what.replace(' ', '-')}"


def rendered() -> str:
    """Return the page of the rules."""
    parts = (
        "# The runner's rules, and what holds each",
        ABOUT,
        *(
            part
            for number, rule in RULES.items()
            for part in (
                f"## Rule {number}",
                f"{rule}.",
                table(
                    ("Taken out", "Stands in", "Held by", "How it fails"),
                    [
                        (m.what, code(m.file), code(m.test.rpartition("::")[2]), code(m.told.replace("|", "or")))
                        for m in MUTATIONS
                        if m.rule == number
                    ],
                ),
            )
        ),
    )
    return "\n\n".join(parts) + "\n"


def test_every_rule_is_taken_out_by_something() -> None:
    """No rule is without a mutation, and no two mutations are the same."""
    assert {mutation.rule for mutation in MUTATIONS} == set(RULES) == set(range(1, 11))
    assert len({named(mutation) for mutation in MUTATIONS}) == len(MUTATIONS)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=named)
def test_a_mutation_fits_the_code(mutation: Mutation) -> None:
    """What it changes stands in the file exactly once, and the test it names is there."""
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    place, _, name = mutation.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (ROOT / place).read_text()


def test_the_page_says_what_the_table_says() -> None:
    """The reference page is the table, rule by rule."""
    if os.environ.get("SPENDTRAIL_ACCEPT") == "1":
        PAGE.write_text(rendered())
    assert PAGE.read_text() == rendered()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project that may be changed."""
    place = tmp_path_factory.mktemp("mutated") / "project"
    shutil.copytree(ROOT, place, ignore=_LEFT_OUT)
    return place


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutation", [pytest.param(m, marks=[pytest.mark.kafka] if m.kafka else [], id=named(m)) for m in MUTATIONS]
)
def test_a_rule_taken_out_is_noticed(copy: Path, mutation: Mutation) -> None:
    """The test that holds the rule fails, as a test that was run and for the reason the table gives."""
    file = copy / mutation.file
    sound = file.read_text()
    file.write_text(sound.replace(mutation.old, mutation.new))
    try:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutation.test],
            cwd=copy,
            # Old bytecode must not stand for changed code, which may have the same size and second.
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    finally:
        file.write_text(sound)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED, run.stdout + run.stderr
    assert mutation.told in re.sub(r"\s+", " ", run.stdout), run.stdout
