"""What a handler asks for, it is given, in whichever lane it runs."""

import inspect
from pathlib import Path

import pytest

from config.settings import Settings, read_settings
from consumers.runtime.capabilities import KeyView, inline, worker
from consumers.runtime.handling import OWN
from consumers.runtime.stage import Lane, Stage
from consumers.stages import STAGES
from producers.custody import ensure_secrets

_OPENED = [stage for stage in STAGES if stage.lane in {Lane.INLINE, Lane.PROCESS}]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A fresh installation, which a worker process finds in its environment."""
    monkeypatch.setenv("SPENDTRAIL_HOME", str(tmp_path))
    made = read_settings()
    ensure_secrets(made)
    return made


@pytest.mark.parametrize("stage", _OPENED, ids=lambda stage: stage.name)
def test_whatever_a_handler_must_have_is_there(stage: Stage, settings: Settings) -> None:
    """A capability that its lane does not give would turn every record of the stage into a dead letter."""
    handler = stage.load()
    given = inline(handler, settings, KeyView()) if stage.lane is Lane.INLINE else worker(handler)({})
    tables = {table.name for table in handler.tables}
    asked = inspect.signature(handler.handle).parameters.values()
    needed = {p.name for p in asked if p.kind is p.KEYWORD_ONLY and p.default is p.empty}
    assert needed <= {*given, *tables, *(OWN if stage.lane is Lane.INLINE else ())}
