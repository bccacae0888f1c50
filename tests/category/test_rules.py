"""A tenant's own rule files stand in place of ours, for that tenant alone."""

from pathlib import Path

import pytest

from config.settings import SettingsRefused, read_settings
from consumers.category.resolve import Seen
from consumers.category.rules import EVERYONE, Rules, load_rules, rules_for, shipped
from consumers.rulefile import RuleFileError
from consumers.runtime.capabilities import KeyView, inline
from consumers.stages import stage_named

_TREE = "plants: Plants\nplants.seeds: Seeds\n"
_WORDS = "plants.seeds:\n  clear:\n    - [sunflower kernels]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tenant's folder with a tree and words of its own; codes and chains are ours."""
    (tmp_path / "taxonomy.yaml").write_text(_TREE)
    (tmp_path / "keywords.yaml").write_text(_WORDS)
    return tmp_path


def _told(rules: Rules, line: str) -> str:
    (match,), _ = rules.categoriser.categorise(Seen(), [line])
    return match.category or ""


def test_a_tenant_is_judged_by_its_own_files_and_others_by_ours(folder: Path) -> None:
    """The same line is another thing to each, and each answer is stamped with the files it was made from."""
    given = load_rules({"garden": folder})
    own, ours = rules_for("garden", given), rules_for("office", given)
    assert (_told(own, "Sunflower kernels"), _told(ours, "Hotel room")) == ("plants.seeds", "travel.lodging")
    assert _told(own, "Hotel room") == ""
    assert ours is shipped()
    assert own.version != ours.version


def test_a_folder_for_everyone_gives_way_to_a_tenants_own(folder: Path, tmp_path: Path) -> None:
    """`*` is whoever has none."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "taxonomy.yaml").write_text("travel: Travel\n")
    given = load_rules({EVERYONE: folder, "traveller": other})
    assert _told(rules_for("anyone", given), "Sunflower kernels") == "plants.seeds"
    assert _told(rules_for("traveller", given), "Hotel room") == "travel"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("categories.yaml", _TREE, "no rule file is called that; the names are taxonomy.yaml"),
        ("mcc.yaml", "- {from: 7011}", "mcc.yaml: "),
        ("mcc.yml", "", "holds no rule file"),
    ],
    ids=["strange", "unusable", "none"],
)
def test_a_folder_that_cannot_be_used_keeps_the_stage_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: str, told: str
) -> None:
    """The message names the setting, the file and what to do; no line is judged by half of a tenant's rules."""
    (tmp_path / name).write_text(content)
    with pytest.raises(RuleFileError, match=told):
        load_rules({"garden": tmp_path})
    monkeypatch.setenv("SPENDTRAIL_CATEGORIES", f'{{"garden": "{tmp_path}"}}')
    with pytest.raises(SettingsRefused, match=f"SPENDTRAIL_CATEGORIES: .*{told}"):
        inline(stage_named("category").load(), read_settings(), KeyView())


def test_the_stage_is_given_what_the_settings_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tenant has is loaded before the first line."""
    monkeypatch.setenv("SPENDTRAIL_CATEGORIES", f'{{"garden": "{folder}"}}')
    given = inline(stage_named("category").load(), read_settings(), KeyView())
    assert _told(given["categories"]["garden"], "Sunflower kernels") == "plants.seeds"
