"""Pages about running it: settings, metrics and the command line."""

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from pydantic.fields import FieldInfo

from config.settings import Settings
from consumers.runtime import telemetry
from docs.markdown import code, page, table

__all__ = ["commands", "metrics", "settings"]

_TELEMETRY = Path(telemetry.__file__)
_CONSUMERS = _TELEMETRY.parent.parent
# Defaults that depend on the machine are described instead of evaluated.
_MADE_BY = {
    "_default_home": "`$XDG_DATA_HOME/spendtrail`, else `~/.local/share/spendtrail`",
    "gethostname": "the host's name",
    "dict": "`{}`",
}
# Read elsewhere, because they are no setting of a process: (name, where, what).
_OTHERS = (
    ("SPENDTRAIL_ACTOR", "command line", "Who decides, for `review`; the login name otherwise."),
    ("SPENDTRAIL_CACHE", "developer stack", "Folder of downloaded artifacts; `spendtrail` in the user's cache folder."),
    ("SPENDTRAIL_PULL_URL", "`pull`", "The source, for a URL with a password that no process list should show."),
    ("SPENDTRAIL_DATA", "tests, bench", "Folder of documents made by others; `../shared/data` otherwise."),
    ("SPENDTRAIL_ACCEPT", "tests", "Set to 1, stored examples are written anew instead of compared."),
)


def settings() -> str:
    """Return the page of settings."""
    rows = [(code(f"SPENDTRAIL_{name.upper()}"), _default(f), f.description) for name, f in _setting_fields()]
    return page(
        "Settings",
        "All come from environment variables, read once when a process starts (`config/settings.py`). A value that"
        " does not fit stops the process with a message that names the variable.",
        table(("Variable", "Default", "What it is"), rows),
        "`spendtrail up` sets for the processes it starts: home, brokers, registry, the ERP's URL, the upload port and"
        " one instance name per replica.",
        "## Other variables",
        table(("Variable", "Read by", "What it is"), [(code(name), where, what) for name, where, what in _OTHERS]),
    )


def _setting_fields() -> Iterator[tuple[str, FieldInfo]]:
    yield from Settings.model_fields.items()


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return _MADE_BY[field.default_factory.__name__]
    if field.default is None:
        return "none"
    return code(field.default) or "empty"


def metrics() -> str:
    """Return the page of metrics."""
    counters = [(code(f"spendtrail_{name}_total"), about) for name, about in _commented("Counter")]
    gauges = [(code(f"spendtrail_{name}"), about) for name, about in _commented("Gauge")]
    of_partitions = [(code(f"spendtrail_{name}"), about) for name, about in _commented("PartitionGauge")]
    return page(
        "Metrics",
        "Every stage process serves Prometheus text at `/metrics` on its health port. Each metric has the"
        " label `stage`. None carries an expense id, a key or anything personal. The names are one list in"
        " `consumers/runtime/telemetry.py`; the type checker refuses a name that is not on it.",
        "`process_*` metrics of the Prometheus client (memory, CPU, open files, start time) are there as well.",
        "## Counters",
        table(("Name", "Counts"), counters),
        "## Gauges",
        table(("Name", "Shows"), gauges),
        "## Gauges of one partition",
        "They have a second label, `partition`, and are there as long as the process owns it.",
        table(("Name", "Shows"), of_partitions),
        "## Health",
        table(
            ("Path", "200 when", "503 when"),
            [
                (
                    "`/healthz`",
                    "the polling thread came round in the last 60 s",
                    "it did not, or the stage has halted: restart the process, then find out why",
                ),
                (
                    "`/readyz`",
                    "the stage has joined its group and nothing it needs is missing",
                    "it is starting, draining, halted, or a dependency does not answer; the body names it",
                ),
            ],
        ),
        '`/readyz` answers `{"ready": ..., "missing": {dependency: message}, "halted": message}`. A replica that owns '
        'no partition because others own them all is ready, stands by, and answers `"spare": message` beside it.',
        "Lag is not among the metrics of a process: it belongs to the group. `spendtrail status` shows it per stage,"
        " and any Kafka lag exporter gives it per group, because each group bears its stage's name.",
    )


def _commented(name: str) -> Iterator[tuple[str, str]]:
    """Yield the members of a `Literal` of the telemetry module that are reported, with the comment behind each."""
    reported = "".join(path.read_text(encoding="utf-8") for path in _CONSUMERS.rglob("*.py") if path != _TELEMETRY)
    source = inspect.getsource(telemetry)
    block = source[source.index(f"\n{name} = Literal[") :]
    for member, about in re.findall(r'^    "(\w+)",  # (.+)$', block[: block.index("\n]")], re.MULTILINE):
        if f'"{member}"' in reported:
            yield member, about[0].upper() + about[1:]


def commands() -> str:
    """Return the page of the command line.

    Raises:
        ImportError: the command line cannot be imported.

    """
    root: Any = typer.main.get_command(import_module("cli.main").app)
    return page(
        "Command line",
        root.help or "",
        "Exit codes: 0 done, 1 failed or not so, 2 bad input and nothing done. With `--json` a verb prints JSON on"
        " standard output and nothing else there; progress and messages go to standard error.",
        *(part for verb, command in _verbs(root, "spendtrail") for part in _verb(verb, command)),
    )


def _verbs(group: Any, name: str) -> Iterator[tuple[str, Any]]:
    for word in group.list_commands(None):
        command = group.get_command(None, word)
        if getattr(command, "hidden", False):
            continue
        if hasattr(command, "commands"):
            yield from _verbs(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def _verb(name: str, command: Any) -> Iterator[str]:
    params = [p for p in command.params if p.name != "help" and not getattr(p, "hidden", False)]
    arguments = [p for p in params if p.param_type_name == "argument"]
    options = [p for p in params if p.param_type_name == "option"]
    usage = " ".join([name, *(_placed(p) for p in arguments), *(["[OPTIONS]"] if options else [])])
    yield f"## {name}"
    yield f"    {usage}"
    yield inspect.cleandoc(command.help or "")
    rows = [(code(_placed(p)), "", p.help or "") for p in arguments]
    rows += [(code(", ".join((*p.opts, *p.secondary_opts))), _option_default(p), p.help or "") for p in options]
    if rows:
        yield table(("Parameter", "Default", "What it is"), rows)


def _placed(argument: Any) -> str:
    word = argument.metavar or argument.name.upper()
    if argument.nargs == -1 and not word.endswith("..."):
        word += "..."
    return word if argument.required else f"[{word}]"


def _option_default(option: Any) -> str:
    if option.required:
        return "required"
    default = option.default
    if default is None or default is False or default == ():
        return ""
    return code("yes" if default is True else default)
