"""`spendtrail prepare`: what a cluster and a home need before the first stage starts."""

from typing import Annotated

import typer
from rich.markup import escape

from cli.context import Refused, Session, now, session
from cli.output import console, errors, say_json
from cli.retaining import kept
from consumers.stages import STAGES
from producers.custody import SecretsUnusable, ensure_secrets
from producers.policy_publish import Publication, publish_genesis
from producers.provisioning import Applied, apply

__all__ = ["add", "make_ready"]


def add(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("prepare")(prepare)


def prepare(json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Create topics, register schemas, make missing secrets and publish the first policy. `up` does it by itself.

    Doing it twice changes nothing. A schema that older data could not be read with is refused. Exit code 1 where a
    topic differs in a way that only a person may change.
    """
    found = session()
    applied = make_ready(found, found.settings.replication)
    if json:
        say_json(
            {
                "created": applied.created,
                "altered": applied.altered,
                "differing": applied.differing,
                "schemas": dict(applied.schemas),
            }
        )
    else:
        console.print(f"{len(applied.created)} topics created, {len(applied.altered)} settings mended")
        console.print(f"{len(applied.schemas)} schemas registered", highlight=False)
    raise typer.Exit(1 if applied.differing else 0)


def make_ready(found: Session, replication: int) -> Applied:
    """Bring secrets, topics, schemas and the first policy to what the tables say, and name what differs.

    Raises:
        Refused: a secret exists and cannot be used, or a topic is to be kept for less than it has to be.
        ProvisioningFailed: brokers or registry do not answer, or refuse.

    """
    try:
        ensure_secrets(found.settings)
    except SecretsUnusable as error:
        raise Refused(str(error)) from error
    applied = apply(
        found.bootstrap,
        found.registry,
        topics=[*kept(found.settings), *(s.changelog for s in STAGES if s.changelog)],
        replication=replication,
        options=found.settings.kafka_options,
    )
    publication = Publication(tenant=found.settings.tenant, published_by="spendtrail", reason="first start")
    publish_genesis(found.settings, publication, now)
    for difference in applied.differing:
        errors.print(f"[yellow]differs[/yellow] {escape(difference)}", highlight=False)
    return applied
