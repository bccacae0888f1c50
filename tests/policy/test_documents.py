"""Reading policies: exact numbers, every fault with file, line, field and remedy."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from consumers import category
from policy.documents import json_schema, load, shipped
from policy.errors import PolicyError
from policy.models import Limit
from policy.snapshot import Snapshot, Snapshots, check_publication, genesis
from policy.validate import notices

HEAD = "name: test\ncurrency: USD\ntaxonomy: [{code: meals, name: Meals}]\n"
RULE = "limits:\n  - {id: meals, level: category, limit: 75.10, match: {categories: [meals], countries: [NO]}}\n"


def write(folder: Path, *texts: str) -> Path:
    """Write a policy of several files."""
    for index, text in enumerate(texts):
        (folder / f"{index}.yaml").write_text(text)
    return folder


def test_numbers_and_norway_stay_what_they_are(tmp_path: Path) -> None:
    """An unquoted amount is exact and NO is Norway."""
    document = load(write(tmp_path, HEAD + RULE))
    assert document.limits[0].limit == Decimal("75.10")
    assert document.limits[0].match.countries == ("NO",)


def test_json_is_read_the_same(tmp_path: Path) -> None:
    """A policy as JSON is the same policy, to the same version."""
    as_yaml = load(write(tmp_path, HEAD + RULE))
    (tmp_path / "0.yaml").unlink()
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(yaml.safe_load((HEAD + RULE).replace("[NO]", '["NO"]').replace("75.10", '"75.10"'))))
    assert Snapshot.of(load(path)).version == Snapshot.of(as_yaml).version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency: USD\n", "0.yaml: name: Field required; add it"),
        (HEAD + RULE + "limit: 5\n", "0.yaml:6: limit: Extra inputs are not permitted; take it out"),
        (HEAD + RULE.replace("75.10", "'1,000.00'"), "0.yaml:5: limits.0.limit: "),
        (HEAD + RULE.replace("75.10", "-1"), "0.yaml:5: limits.0.limit: Input should be greater than or equal to 0"),
        (HEAD + RULE.replace("75.10", "NaN"), "0.yaml:5: limits.0.limit: "),
        (HEAD + RULE.replace("[meals]", "[meal]"), "0.yaml:5: limits.0.match.categories.0: category 'meal' is not in"),
        (HEAD + RULE.replace("level: category", "level: role"), "names nothing at its level; give match.roles"),
        (HEAD + RULE.replace("level: category", "level: region"), "0.yaml:5: limits.0.level: "),
        (HEAD.replace("USD", "USDollar") + RULE, "0.yaml:2: currency: 'USDollar' is no ISO 4217 currency"),
        (HEAD + RULE + "  - {id: meals, level: absolute, limit: 5}\n", "0.yaml:6: limits.1.id: id 'meals' is taken"),
        (HEAD + RULE.replace("match:", "currency: EUR, match:"), "meals is in EUR but the policy judges in USD"),
        (HEAD + RULE.replace("match:", "overrides: [absolute], match:"), "the absolute cap cannot be overridden"),
        (HEAD + RULE.replace("match:", "per: week, match:"), "0.yaml:5: limits.0.per: "),
        (HEAD + RULE + "checks: {NO_SUCH: {}}\n", "there is no check NO_SUCH; there are RESTRICTED_MCC"),
        (HEAD + RULE + "checks: {RESTRICTED_MCC: {mccs: [12]}}\n", "checks.RESTRICTED_MCC.mccs.0"),
        (HEAD + RULE + "name: again\n", "0.yaml:6: name: given twice; keep one"),
        (HEAD + "limits: [\n", "0.yaml:5: document: not YAML"),
        ("- a\n", "0.yaml:1: document: not a mapping"),
        ("a: &a [b]\nname: !!python/name:os.system x\n", "0.yaml"),
    ],
)
def test_faults_say_where_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    """Each fault names its file, line and field, and what would mend it."""
    with pytest.raises(PolicyError) as raised:
        load(write(tmp_path, text))
    assert said in str(raised.value)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    """An author sees every fault of a policy in one go."""
    with pytest.raises(PolicyError) as raised:
        load(write(tmp_path, HEAD + RULE.replace("75.10", "x").replace("[NO]", "[Norway]")))
    assert len(raised.value.faults) == 2


def test_a_section_may_be_spread_over_files_but_not_a_field(tmp_path: Path) -> None:
    """Lists of several files are joined with their own lines in faults; a field given in two files is one too many."""
    more = "limits:\n  - {id: cap, level: absolute, limit: x}\n"
    with pytest.raises(PolicyError, match=r"1\.yaml:2: limits\.1\.limit"):
        load(write(tmp_path, HEAD + RULE, more))
    with pytest.raises(PolicyError, match=r"1\.yaml:1: name: already given in .*0\.yaml"):
        load(write(tmp_path, HEAD + RULE, "name: other\n"))


def test_aliases_that_blow_up_are_refused(tmp_path: Path) -> None:
    """A small file that expands to millions of values costs a message, not the memory."""
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join(['*' + before] * 10)}]\n"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    )
    with pytest.raises(PolicyError, match="too many values"):
        load(write(tmp_path, bomb))


def test_missing_file() -> None:
    """A file that is not there is a fault with its name."""
    with pytest.raises(PolicyError, match=r"nowhere\.yaml: document: cannot be read"):
        load(Path("nowhere.yaml"))


def test_a_float_is_refused() -> None:
    """A program that hands over a float learns that it is not exact."""
    with pytest.raises(ValueError, match="a float is not exact"):
        Limit.model_validate({"id": "a", "level": "absolute", "limit": 250.1})


def test_the_shipped_policy_fits_its_schema() -> None:
    """The JSON Schema generated from the models accepts the shipped policy and refuses a misspelt field."""
    data = json.loads(genesis().canonical)
    jsonschema.validate(data, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "limit": []}, json_schema())


def test_the_shipped_policy_has_gaps_only_on_purpose() -> None:
    """Nothing in the shipped policy contradicts or is unreachable; what has no limit is meant to."""
    found = [(notice.kind, notice.about) for notice in notices(shipped())]
    assert found == [("GAP", ("travel",)), ("GAP", ("medical",)), ("GAP", ("other",))]


def test_the_shipped_policy_speaks_the_category_tracks_words() -> None:
    """Every category the category track can answer is in the policy's taxonomy."""
    tree = yaml.safe_load((Path(category.__file__).parent / "taxonomy.yaml").read_text())
    assert set(tree) <= {found.code for found in shipped().taxonomy}


def test_a_snapshot_reads_back_to_itself() -> None:
    """The canonical bytes give the same version and rules; other bytes for the same policy are refused."""
    snapshot = genesis()
    assert Snapshot.read(snapshot.canonical) == snapshot
    with pytest.raises(PolicyError, match="RFC 8785"):
        Snapshot.read(snapshot.canonical + b"\n")


def _beginning(moment: datetime, name: str = "later") -> Snapshot:
    return Snapshot.of(shipped().model_copy(update={"effective_from": moment, "name": name}))


def test_the_snapshot_in_force_is_by_time() -> None:
    """From its first instant on a snapshot applies; before every other one there is genesis."""
    start = datetime(2026, 4, 1, tzinfo=UTC)
    table = Snapshots([_beginning(start)])
    assert table.at(start - timedelta(microseconds=1)) == genesis()
    assert table.at(start).document.name == "later"
    assert table.at(datetime(1960, 1, 1, tzinfo=UTC)) == genesis()


def test_publication_is_for_the_future_only() -> None:
    """A snapshot begins a minute ahead at the earliest, and never at the instant another one begins."""
    now = datetime(2026, 4, 1, tzinfo=UTC)
    soon, late = _beginning(now + timedelta(seconds=59)), _beginning(now + timedelta(seconds=60))
    check_publication(late, Snapshots(), now)
    with pytest.raises(PolicyError, match="too soon"):
        check_publication(soon, Snapshots(), now)
    with pytest.raises(PolicyError, match="same instant"):
        check_publication(_beginning(late.effective_from, "other"), Snapshots([late]), now)


def test_a_published_version_is_a_policy_file(tmp_path: Path) -> None:
    """What `policy show --json` prints, nulls and all, loads to the same version; an empty check takes its defaults."""
    (tmp_path / "policy.json").write_bytes(genesis().canonical)
    assert Snapshot.of(load(tmp_path)).version == genesis().version
    (tmp_path / "policy.json").write_text(
        genesis().canonical.decode().replace('"valid_until":null', '"valid_until":~').replace("null", "")
    )
    assert Snapshot.of(load(tmp_path)).version == genesis().version
