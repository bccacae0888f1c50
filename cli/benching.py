"""`spendtrail bench`: the measurements, each beside what it is measured against."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import Refused
from cli.output import console, errors, say_json
from config.settings import read_settings

if TYPE_CHECKING:
    from bench.report import Report

__all__ = ["add"]

Brokers = Annotated[int, typer.Option(help="chaos: 1, or 3 with every broker killed once.")]
Ledger = Annotated[
    Path | None,
    typer.Option(help="chaos: an empty folder for what was sent and what came out; one run's stack stays up under it."),
]
Events = Annotated[
    int | None,
    typer.Option(
        help="memory, pull: card lines; replay: entries of the log; of memory a tenth go by before the first look.",
        min=100,
    ),
]
Lines = Annotated[
    int | None,
    typer.Option(help="pipeline: card lines to send; a tenth of them go by before the first look at memory.", min=100),
]
Runs = Annotated[int, typer.Option(help="chaos: so many runs in a row, each reported and the worst of all.", min=1)]
Data = Annotated[
    Path,
    typer.Option(
        help="extract, hostile, documents, calibration, outcomes: the folder of documents made by others.",
        envvar="SPENDTRAIL_DATA",
    ),
]
Keep = Annotated[Path | None, typer.Option(help="calibration: a folder for what was read; a next run is fast.")]
Write = Annotated[
    bool, typer.Option("--write", help="calibration: also write the figures the product ships, into its own code.")
]
QuixPython = Annotated[
    Path | None, typer.Option(help="handover: a Python that has quixstreams, confluent-kafka and fastavro.")
]
EnginesPython = Annotated[
    Path | None, typer.Option(help="policy: a Python that has zen-engine and polars, which are measured beside.")
]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("bench")(bench)


def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="handover, policy, backtest, tracks, screening, pipeline, recovery, restore, replay, scale, memory, "
            "pull, chaos, extract, documents, hostile, calibration, outcomes, or all.",
            metavar="NAME",
        ),
    ],
    brokers: Brokers = 1,
    ledger: Ledger = None,
    events: Events = None,
    lines: Lines = None,
    runs: Runs = 1,
    quix_python: QuixPython = None,
    engines_python: EnginesPython = None,
    data: Data = Path("../shared/data"),
    keep: Keep = None,
    write: Write = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line, one line a bench.")] = False,
) -> None:
    """Measure, and say beside what. Kafka is started for it alone and ended after, without touching what runs.

    `handover` uses the brokers of SPENDTRAIL_BOOTSTRAP_SERVERS where that is set. `all` runs one after the other.
    """
    from bench.truths import DataMissing  # noqa: PLC0415 - as in _benches

    known = _benches(brokers, ledger, events, runs, (quix_python, engines_python), data) | _whole(lines)
    known |= _readings(data, keep, write=write)
    if name != "all" and name not in known:
        msg = f"no bench {name!r}; there are {', '.join(known)} and all"
        raise Refused(msg)
    _refuse_strays(
        name,
        {
            ("chaos",): ledger is not None or runs > 1,
            ("memory", "pull", "replay"): events is not None,
            ("pipeline",): lines is not None,
            ("calibration",): keep is not None or write,
        },
    )
    if ledger is not None:
        ledger.mkdir(parents=True, exist_ok=True)
        if any(ledger.iterdir()):
            msg = f"{ledger} is not empty; name a new folder, so that what was sent is not mixed with another run's"
            raise Refused(msg)
    for one in known if name == "all" else [name]:
        try:
            report = known[one]()
        except DataMissing as error:
            if name != "all":
                raise Refused(str(error)) from error
            errors.print(f"{one} is left out: {error}")
            continue
        if json:
            say_json(report.plain())
        else:
            _say(report)


def _refuse_strays(name: str, asked: Mapping[tuple[str, ...], bool]) -> None:
    """Refuse options that belong to other benches than the one that is run."""
    options = {
        "chaos": "--ledger and --runs go",
        "memory": "--events goes",
        "pipeline": "--lines goes",
        "calibration": "--keep and --write go",
    }
    for benches, given in asked.items():
        if given and name not in benches:
            msg = f"{options[benches[0]]} with {' and '.join(benches)} alone"
            raise Refused(msg)


def _benches(
    brokers: int,
    ledger: Path | None,
    events: int | None,
    runs: int,
    pythons: tuple[Path | None, Path | None],
    data: Path,
) -> "dict[str, Callable[[], Report]]":
    """Return what runs each bench; loaded here, since no other verb should wait for it.

    `pythons` are those that have Quix Streams, and zen-engine with polars.
    """
    from bench import (  # noqa: PLC0415 - see above
        backtesting,
        chaos,
        extraction,
        handover,
        hostile,
        judging,
        memory,
        pulling,
        recovery,
        replaying,
        restore,
        scale,
        throughput,
        tracks,
    )

    return {
        "handover": lambda: handover.measure(read_settings().bootstrap_servers, quix=pythons[0]),
        "policy": lambda: judging.measure(engines=pythons[1]),
        "tracks": tracks.measure,
        "backtest": backtesting.measure,
        "recovery": recovery.measure,
        "restore": restore.measure,
        "replay": lambda: replaying.measure(entries=events or replaying.ENTRIES_MEASURED),
        "scale": scale.measure,
        "memory": lambda: memory.measure(memory.run_of(events)),
        "pull": lambda: pulling.measure(events) if events else pulling.measure(),
        "chaos": lambda: (
            chaos.measure(brokers=brokers, ledger=ledger)
            if runs == 1
            else chaos.repeat(runs, brokers=brokers, ledger=ledger)
        ),
        "extract": lambda: extraction.measure(data),
        "documents": lambda: throughput.measure(data),
        "hostile": lambda: hostile.measure(data / "bad_inputs"),
    }


def _whole(lines: int | None) -> "dict[str, Callable[[], Report]]":
    """Return the benches of the way a card line goes."""
    from bench import pipeline, screening  # noqa: PLC0415 - as above

    return {"screening": screening.measure, "pipeline": lambda: pipeline.measure(pipeline.course_of(lines))}


def _readings(data: Path, keep: Path | None, *, write: bool) -> "dict[str, Callable[[], Report]]":
    """Return the benches of what is read rather than how fast."""
    from bench import outcomes, reliability  # noqa: PLC0415 - as above

    def calibrate() -> "Report":
        report, shipped = reliability.measure(data, keep=keep)
        if write:
            errors.print(f"written: {reliability.write(shipped)}", highlight=False)
        return report

    return {"calibration": calibrate, "outcomes": lambda: outcomes.measure(data / "azure_samples")}


def _say(report: "Report") -> None:
    """Print a report for a person: figures, ratios, what they stand beside."""
    plain: dict[str, Any] = report.plain()
    console.print(f"[bold]{plain['bench']}[/bold]")
    for part in ("figures", "ratios", "baselines"):
        for key, value in plain[part].items():
            shown = "not measured" if value is None else value
            console.print(f"  [dim]{part:<9}[/dim] {key:<22} {shown}", highlight=False)
