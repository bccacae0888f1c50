"""The policy verbs: what they refuse, what they say, and what they compare."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import policies
from cli.differences import differences
from cli.instants import instant
from cli.policy_text import decision_trees
from consumers.evaluate.handler import evaluate
from consumers.project.database import open_database, prepare
from consumers.runtime.memory import MemoryBroker
from devstack import stack
from policy.documents import check_document, json_schema, shipped
from policy.models import PolicyDocument
from policy.table import Policies
from producers import provisioning
from schemas.events import ExpenseEvaluated
from tests.audit.trail import begun, coded, decided, sealed
from tests.cli.verbs import Run, refusal, runner
from tests.evaluate import build
from tests.policy.per_diem_tables import ABROAD, HOME, LODGING
from tests.project.log import append, follower, settle

RULES = Path(__file__).parents[2] / "policy" / "rules"


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs `policy` with words."""
    assert not home.exists()
    return runner(policies.add, "policy")


def changed(**sections: Any) -> PolicyDocument:
    """Return the shipped policy with sections replaced."""
    return check_document({**shipped().model_dump(mode="json"), **sections}, "test")


def with_limit(rule: str, amount: str | None) -> PolicyDocument:
    """Return the shipped policy with one rule's limit changed, or the rule taken out."""
    limits = shipped().model_dump(mode="json")["limits"]
    kept = [limit for limit in limits if limit["id"] != rule or amount is not None]
    return changed(limits=[{**limit, "limit": amount} if limit["id"] == rule else limit for limit in kept])


def test_the_shipped_policy_is_valid_and_its_gaps_are_told(run: Run) -> None:
    """A valid policy exits 0 and names what no limit covers."""
    result = run("validate", RULES, "--json")
    found = orjson.loads(result.output)
    assert (result.exit_code, found["valid"], found["faults"]) == (0, True, [])
    assert [n["about"] for n in found["notices"] if n["kind"] == "GAP"] == [["medical"], ["other"], ["travel"]]
    assert "GAP: medical: no limit covers it" in run("validate", RULES).output


def test_each_fault_has_file_line_field_and_remedy(run: Run, tmp_path: Path) -> None:
    """A wrong policy exits 2 and says what to mend where."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: broken\nlimitz: []\ncurrency: EURO\n")
    result = run("validate", wrong)
    assert result.exit_code == 2
    assert f"{wrong}:2: limitz: Extra inputs are not permitted; take it out, or correct its spelling" in result.output
    assert f"{wrong}:3: currency: 'EURO' is no ISO 4217 currency" in result.output
    faults = orjson.loads(run("validate", wrong, "--json").output)["faults"]
    assert {(f["path"], f["line"]) for f in faults} >= {("limitz", 2), ("currency", 3), ("limits", None)}


def test_a_policy_that_cannot_be_compiled_is_no_valid_one(run: Run, tmp_path: Path) -> None:
    """Lists that multiply beyond memory are refused before any stage meets them."""
    names = ", ".join(f"n{i}" for i in range(40))
    match = ", ".join(f"{field}: [{names}]" for field in ("departments", "projects", "roles", "localities"))
    rule = f"{{id: wide, level: department, limit: '1.00', match: {{{match}}}}}"
    wide = tmp_path / "wide.yaml"
    wide.write_text(f"name: wide\ncurrency: USD\ntaxonomy: [{{code: a, name: A}}]\nlimits: [{rule}]\n")
    result = run("validate", wide)
    assert result.exit_code == 2
    assert "multiplies to over" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("publish", RULES, "--reason", " "), "--reason is empty"),
        (("publish", RULES, "--reason", "r", "--effective-from", "soon"), "--effective-from 'soon'"),
        (("publish", RULES, "--reason", "r"), "spendtrail up"),
        (("publish", "nowhere", "--reason", "r"), "nowhere: document: cannot be read"),
        (("show", "--at", "2026-01-01", "--version", "ab"), "give one of them"),
        (("show", "--at", "noon"), "--at 'noon'"),
        (("show",), "spendtrail up"),
        (("diff", RULES, "c0ffee"), "spendtrail up"),
        (("backtest", "--policy", "nowhere"), "nowhere"),
        (("backtest", "--policy", RULES, "--from", "first"), "--from 'first'"),
        (("backtest", "--policy", RULES), "spendtrail up"),
    ],
    ids=lambda value: " ".join(map(str, value))[:40] if isinstance(value, tuple) else None,
)
def test_bad_input_is_refused_with_a_remedy(run: Run, words: tuple[str, ...], said: str) -> None:
    """Each wrong or missing thing is named, and nothing is done."""
    assert said in refusal(run(*words))


def test_the_schema_is_that_of_the_models(run: Run) -> None:
    """What is printed is the schema editors complete with, indented or on one line."""
    assert orjson.loads(run("schema").output) == json_schema()
    assert orjson.loads(run("schema", "--json").output) == json_schema()
    assert run("schema", "--json").output.count("\n") == 1


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (
            with_limit("category.gifts", "90.00"),
            "changed limit category.gifts: limit raised from 75.00 to 90.00 USD (+20.0 %)",
        ),
        (
            with_limit("category.gifts", "50.00"),
            "changed limit category.gifts: limit lowered from 75.00 to 50.00 USD (-33.3 %)",
        ),
        (
            with_limit("category.gifts", None),
            "removed limit category.gifts: category level, 75.00 USD per expense, categories gifts",
        ),
        (changed(warn_above="0.80"), "changed policy warn_above: warn_above changes from 0.90 to 0.80"),
        (
            changed(receipts={"required": True}),
            "changed receipts receipts: required changes from off to on",
        ),
        (
            changed(budgets=[{"id": "b", "scope": "project", "name": "Dome", "limit": "10.00"}]),
            "added budget b: 10.00 USD per month for project Dome",
        ),
        (
            changed(modifiers=[{"id": "ny", "kind": "geo", "factor": "1.2", "match": {"localities": ["New York"]}}]),
            "added modifier ny: geo factor 1.2, localities New York",
        ),
        (
            changed(taxonomy=[*shipped().model_dump(mode="json")["taxonomy"], {"code": "art", "name": "Art"}]),
            "added category art: Art",
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_differences_are_said_in_words(after: PolicyDocument, said: str) -> None:
    """Each kind of change is one sentence with the figures before and after."""
    assert said in [str(difference) for difference in differences(shipped(), after)]


@given(st.permutations(range(len(shipped().limits))))
def test_order_is_no_difference(order: list[int]) -> None:
    """Rules written in another order judge the same, and are told so."""
    document = shipped()
    assert differences(document, document.model_copy(update={"limits": tuple(document.limits[i] for i in order)})) == []


def test_diff_compares_files(run: Run, tmp_path: Path) -> None:
    """Two folders are compared without any stack."""
    for file in RULES.iterdir():
        (tmp_path / file.name).write_text(file.read_text().replace('limit: "350.00"', 'limit: "300.00"'))
    result = run("diff", RULES, tmp_path, "--json")
    (found,) = orjson.loads(result.output)["differences"]
    assert (found["kind"], found["name"]) == ("changed", "category.travel-lodging")
    assert "both judge the same" in run("diff", RULES, RULES).output


def judged(name: str, total: str, **more: Any) -> ExpenseEvaluated:
    """Return an expense as evaluate judges it under the shipped policy."""
    (event,) = evaluate(build.coded(name, total, **more), policies=Policies())
    assert isinstance(event, ExpenseEvaluated)
    return event


def test_lines_judged_alike_are_one_tree() -> None:
    """Lines of one expense that break one limit together are explained once, every other line for itself."""
    event = judged(
        "a", "700.00", lines=[("300.00", "office_supplies"), ("20.00", "fuel"), ("380.00", "office_supplies")]
    )
    first, second = decision_trees(event.decisions)
    assert str(first.label).startswith("Line 1 (680.00 USD) breaks a rule")
    assert [str(child.label) for child in first.children][-1] == "Judged just so: lines 3"
    assert str(second.label).startswith("Line 2 (20.00 USD) passes")


def test_explain_draws_every_rule(run: Run, home: Path) -> None:
    """A decision is told with its limit, what would pass, and every rule looked at."""
    engine = open_database(f"sqlite:///{home}/read-model.sqlite")
    home.mkdir()
    prepare(engine)
    trails = [decided(coded(begun("one")), violation=True), begun("two")]
    broker = MemoryBroker(partitions=1)
    for trail in trails:
        append(broker, sealed(trail))
    settle(follower(broker, engine))
    engine.dispose()
    expense, early = (trail.event.expense_id for trail in trails)
    said = run("explain", expense).output
    assert "Line 1 (275.00 USD) breaks a rule [CAP_EXCEEDED]." in said
    assert "Decided by lodging-cap, which allows 250.00 USD." in said
    assert "It passes at <= 250.00 USD." in said
    assert "category: lodging-cap (250.00 USD) does not hold" in said
    found = orjson.loads(run("explain", expense, "--json").output)
    assert found["decisions"][0]["resolution_path"][0]["rule_id"] == "lodging-cap"
    assert "was not judged yet; it is submitted" in refusal(run("explain", early))
    assert "no expense has the id" in refusal(run("explain", "zzz"))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-14T10:02:00Z", datetime(2026, 3, 14, 10, 2, tzinfo=UTC)),
        ("2026-03-14T10:02:00+02:00", datetime(2026, 3, 14, 8, 2, tzinfo=UTC)),
        ("2026-03-14T10:02", datetime(2026, 3, 14, 10, 2, tzinfo=UTC)),
        (" 2026-03-14 ", datetime(2026, 3, 14, tzinfo=UTC)),
    ],
)
def test_moments_are_utc_unless_said(text: str, moment: datetime) -> None:
    """A zone is honoured, without one it is UTC, a day is its beginning."""
    assert instant("--at", text) == moment


@pytest.mark.kafka
def test_published_shown_and_compared(
    run: Run, kafka_stack: stack.Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A version published for the future is listed, found by time and by version, and not in force before."""
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url)
    monkeypatch.setenv("SPENDTRAIL_BOOTSTRAP_SERVERS", kafka_stack.bootstrap_servers)
    monkeypatch.setenv("SPENDTRAIL_SCHEMA_REGISTRY_URL", kafka_stack.registry_url or "")
    monkeypatch.setenv("SPENDTRAIL_TENANT", f"cli-{tmp_path.parent.name}")
    for file in RULES.iterdir():
        (tmp_path / file.name).write_text(file.read_text().replace('limit: "350.00"', 'limit: "300.00"'))
    past = run("publish", tmp_path, "--reason", "tighter", "--effective-from", "2020-01-01")
    assert "too soon" in refusal(past)
    result = run("publish", tmp_path, "--reason", "tighter", "--effective-from", "2999-01-01", "--json")
    version = orjson.loads(result.output)["version"]
    listed = [orjson.loads(line) for line in run("show", "--json").output.splitlines()]
    genesis, published = listed
    assert (published["version"], published["in_force"], genesis["in_force"]) == (version, False, True)
    later = orjson.loads(run("show", "--at", "2999-06-01", "--json").output)
    assert later["version"] == version
    assert "300.00 USD" in run("show", "--version", version[:10]).output
    compared = orjson.loads(run("diff", genesis["version"][:12], version[:12], "--json").output)
    assert [d["name"] for d in compared["differences"]] == ["category.travel-lodging"]
    assert "no version begins with" in refusal(run("show", "--version", "nothing"))


GSA_FILE = (
    "ID,STATE,DESTINATION,COUNTY/LOCATION DEFINED,SEASON BEGIN,SEASON END,Lodging Rate,M&IE,Effective Date\n"
    ',,Standard CONUS rate,,,,110,68,"October 1, 2026"\n'
    '1,AL,Birmingham,Jefferson,October 1,May 31,{rate},80,"October 1, 2026"\n'
)


def test_a_per_diem_table_is_made_for_a_policy(run: Run, tmp_path: Path) -> None:
    """A published file becomes a table in the policy's form; days it leaves without a rate are said."""
    source, made = tmp_path / "fy2027.csv", tmp_path / "made.json"
    source.write_text(GSA_FILE.format(rate="126"))
    zips = tmp_path / "zips.csv"
    zips.write_text("zip,state,county\n35203,AL,Jefferson\n")
    words = ("per-diem-table", source, "--form", "gsa", "-o", made, "--source", "gsa.gov", "--zips", zips)
    result = run(*words, "--json")
    told = orjson.loads(result.stdout)
    assert (result.exit_code, told["id"], told["places"]) == (0, "gsa-conus-fy2027", 2)
    assert told["notices"] == [f"{source}:3: Birmingham: some days of 2026-10-01 to 2027-09-30 have no rate"]
    (table,) = orjson.loads(made.read_bytes())["per_diem_tables"]
    assert (table["source"], table["places"][1]["areas"][0]["zips"]) == ("gsa.gov", ["35203"])
    assert "gsa-conus-fy2027: 2 places, 2026-10-01 to 2027-09-30" in run(*words).stdout


@pytest.mark.parametrize(
    ("rate", "words", "said"),
    [
        ("1x6", ("--form", "gsa"), "fy2027.csv:3: Lodging Rate: '1x6' is no amount"),
        ("126", ("--form", "state"), "there is no such column"),
        ("126", ("--form", "gsa", "--until", "2027-03-31"), "--until is for --form state and dod"),
        ("126", ("--form", "dod", "--until", "March"), "--until 'March' is no date"),
        ("126", ("--form", "dod", "--zips", "x.csv"), "--zips is for --form gsa"),
        ("126", ("--form", "gsa", "--zips", "gone.csv"), "gone.csv: document: cannot be read"),
        ("126", ("--form", "gsa", "-o", "gone/made.json"), "cannot be written"),
    ],
)
def test_a_bad_per_diem_file_is_refused(run: Run, tmp_path: Path, rate: str, words: tuple[str, ...], said: str) -> None:
    """What cannot become a table is refused with row and field, or with the option that does not fit."""
    source = tmp_path / "fy2027.csv"
    source.write_text(GSA_FILE.format(rate=rate))
    result = run("per-diem-table", source, "-o", tmp_path / "made.json", *words)
    assert said in refusal(result)


def test_differences_of_per_diems_are_said_by_place() -> None:
    """A rule that comes and a table whose places change are said by name, not rate by rate."""
    rule = {**LODGING, "categories": ["travel.lodging"]}
    before = changed(per_diem=[rule], per_diem_tables=[HOME, ABROAD])
    dearer = {**HOME, "places": [{**HOME["places"][0], "rates": ABROAD["places"][0]["rates"]}, *HOME["places"][2:]]}
    after = changed(per_diem=[rule], per_diem_tables=[dearer, ABROAD])
    assert [str(d) for d in differences(before, after)] == [
        "changed per_diem_table home: loses Boston / Cambridge; has other rates for New York City"
    ]
    added = [str(d) for d in differences(shipped(), before)]
    assert added[0] == "added per_diem per-diem.lodging: lodging per night of home, abroad, categories travel.lodging"
    assert added[1:] == ["added per_diem_table abroad: State Department", "added per_diem_table home: GSA FY2026"]


@pytest.mark.kafka
def test_four_eyes_publish_a_policy(
    run: Run, kafka_stack: stack.Endpoints, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where two must sign, one alone is refused; with the other's approval it is published and in force."""
    provisioning.apply(kafka_stack.bootstrap_servers, kafka_stack.registry_url)
    keys = {}
    for name in ("controller", "cfo"):
        keys[name] = orjson.loads(run("key", "-o", tmp_path / f"{name}.pem", "--json").output)["public"]
    assert "cannot be written" in refusal(run("key", "-o", tmp_path / "cfo.pem"))
    assert (tmp_path / "cfo.pem").stat().st_mode & 0o077 == 0
    for name, value in {
        "BOOTSTRAP_SERVERS": kafka_stack.bootstrap_servers,
        "SCHEMA_REGISTRY_URL": kafka_stack.registry_url or "",
        "TENANT": f"signed-{tmp_path.parent.name}",
        "POLICY_KEYS": orjson.dumps(keys).decode(),
        "POLICY_SIGNED_FROM": "2026-01-01T00:00:00Z",
        "POLICY_SIGNATURES": "2",
    }.items():
        monkeypatch.setenv(f"SPENDTRAIL_{name}", value)
    what = (RULES, "--effective-from", "2999-01-01")
    alone = ("publish", *what, "--reason", "signed", "--key", tmp_path / "controller.pem")
    assert "1 of 1 signatures hold" in refusal(run(*alone))
    approval = tmp_path / "approval.json"
    approve = ("approve", *what, "--key", tmp_path / "cfo.pem", "-o", approval, "--reason")
    assert run(*approve, "another").exit_code == 0
    assert "published is signed" in refusal(run(*alone, "--approval", approval))
    assert run(*approve, "signed").exit_code == 0
    published = orjson.loads(run(*alone, "--approval", approval, "--json").output)
    listed = [orjson.loads(line)["version"] for line in run("show", "--json").output.splitlines()]
    assert published["version"] in listed
