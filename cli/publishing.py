"""`spendtrail policy publish`: from a moment in the future on, for ever, and only as the settings allow."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.context import Refused, Session, now, session
from cli.instants import utc
from cli.output import console, say_json
from cli.policy_input import Json, Paths, Tenant, connected, loaded, refusing
from cli.policy_signing import Key, publication_of, vouching
from cli.rejudging import Asked, judge_anew, source_of
from cli.trying import Bounds, beyond
from policy.snapshot import Snapshot
from producers.policy_publish import publish as publish_policy

__all__ = ["publish"]

# As far back as expense.evaluated is sure to have everything.
_TRIED_ON: Final = timedelta(days=29)


def publish(
    paths: Paths,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the version for ever.")],
    effective_from: Annotated[
        str | None,
        typer.Option(help="First submission time it judges, at least 60 s ahead; the document's own otherwise."),
    ] = None,
    tenant: Tenant = None,
    require_backtest: Annotated[
        bool,
        typer.Option(
            "--require-backtest",
            help="Refuse it where it changes more than the settings allow; SPENDTRAIL_BACKTEST_REQUIRED asks always.",
        ),
    ] = False,
    key: Key = None,
    approval: Annotated[
        list[Path] | None, typer.Option(help="File of `policy approve` by somebody else; may be given several times.")
    ] = None,
    json: Json = False,
) -> None:
    """Publish a policy from a moment in the future on. It is kept for ever; what was judged before stays as it is.

    Published by SPENDTRAIL_ACTOR, or the login name.
    """
    found = session()
    publication = publication_of(found, reason, effective_from, tenant)
    with refusing():
        tried = loaded(paths)
        connected(found)
        judged = None
        if require_backtest or found.settings.backtest_required:
            judged = _hold(found, tried, publication.tenant, now(), quiet=json)
        event = publish_policy(found.settings, paths, publication, now, vouching(key, approval or [], now()))
    if json:
        published = {"version": event.version, "tenant_id": event.tenant_id, "effective_from": event.effective_from}
        say_json({**published, "backtested": judged})
        return
    if judged is not None:
        console.print(f"{judged} expenses of the last {_TRIED_ON.days} days were judged anew: within bounds")
    when = utc(event.effective_from)
    console.print(f"version {event.version} judges what {event.tenant_id} submits from {when} on", highlight=False)


def _hold(found: Session, tried: Snapshot, tenant: str, at: datetime, *, quiet: bool) -> int:
    """Return how many expenses of the last weeks were judged anew, refusing a policy that changes too much."""
    asked = Asked(tenant, at - _TRIED_ON)
    topic = source_of(found, asked.first, at)
    comparison = judge_anew(found, tried, asked, topic, processes=None, examples=0, quiet=quiet)
    settings = found.settings
    bounds = Bounds(
        settings.backtest_newly_flagged, settings.backtest_newly_cleared, settings.backtest_reviews_per_week
    )
    told = list(beyond(comparison, bounds))
    if told:
        raise Refused(
            f"the backtest goes beyond its bounds: {'; '.join(told)}. `spendtrail policy backtest` shows which; "
            "change the policy, or the bounds in the settings"
        )
    return comparison.judged
