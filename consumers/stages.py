"""The DAG, as one table. Charts, compose and docs are held to it by tests."""

from consumers.runtime.stage import Lane, Limits, Stage
from schemas import topics as t

__all__ = ["STAGES", "stage_named"]

STAGES: tuple[Stage, ...] = (
    Stage(
        "ocr",
        reads=t.SUBMITTED,
        writes=(t.READ, t.BATCHES),
        handler="consumers.ocr.handler",
        lane=Lane.PROCESS,
        stateful=True,
        limits=Limits(in_flight=64),
        entry=True,
    ),
    Stage(
        "parse",
        reads=t.READ,
        writes=(t.PARSED,),
        handler="consumers.parse.handler",
        lane=Lane.PROCESS,
        limits=Limits(in_flight=128),
    ),
    Stage(
        "currency",
        reads=t.PARSED,
        writes=(t.ENRICHMENTS,),
        handler="consumers.currency.handler",
        entry=True,
    ),
    Stage(
        "vendor",
        reads=t.PARSED,
        writes=(t.ENRICHMENTS,),
        handler="consumers.vendor.handler",
        tables=(t.VENDORS,),
    ),
    Stage("category", reads=t.PARSED, writes=(t.ENRICHMENTS,), handler="consumers.category.handler"),
    Stage(
        "coding",
        reads=t.ENRICHMENTS,
        writes=(t.CODED, t.BATCHES, t.APPROVALS),
        handler="consumers.coding.handler",
        stateful=True,
        # Pending answers are kept together, in the bytes they came in; the second version kept each by itself, as
        # JSON, and the first one until when a join waits.
        state_version=3,
        tables=(t.PATTERNS,),
    ),
    Stage(
        "evaluate",
        reads=t.CODED,
        writes=(t.EVALUATED,),
        handler="consumers.evaluate.handler",
        tables=(t.POLICIES,),
    ),
    Stage(
        "screen",
        reads=t.EVALUATED,
        writes=(t.APPROVALS,),
        handler="consumers.screen.handler",
        stateful=True,
        # What is spent without credits is counted since the fifth version; a total stands in the key that watches it
        # since the fourth; what a person bought on a day is one value since the third; events are kept in the bytes
        # they came in since the second.
        state_version=5,
        tables=(t.POLICIES,),
    ),
    Stage(
        "approval",
        reads=t.APPROVALS,
        writes=(t.REVIEW, t.APPROVED, t.REJECTED, t.EVALUATED, t.PARSED, t.SUBMITTED),
        handler="consumers.approval.handler",
        stateful=True,
        entry=True,
    ),
    Stage(
        "posting",
        reads=t.APPROVED,
        writes=(t.POSTED, t.APPROVALS, t.REJECTED, t.EVALUATED),
        handler="consumers.posting.handler",
        lane=Lane.ASYNC,
        # Twice what goes to the ERP in one request: one is on its way while the next gathers.
        limits=Limits(in_flight=512, workers=200, together=200),
    ),
    Stage("learn", reads=t.POSTED, writes=(t.VENDORS, t.PATTERNS), handler="consumers.learn.handler", stateful=True),
    Stage(
        "seal",
        reads=t.AUDIT_EVENTS,
        writes=(t.AUDIT_LOG, t.BATCHES, t.AUDIT_ALERTS),
        handler="consumers.seal.handler",
        stateful=True,
        audited=False,
        halts=True,
        # Entries are larger than what they tell of, and every stage writes some: what one poll brings is most of what
        # the process holds while it is behind.
        limits=Limits(in_flight=1_000),
    ),
    Stage(
        "batch",
        reads=t.BATCHES,
        writes=(t.BATCH_COMPLETED,),
        handler="consumers.batch.handler",
        stateful=True,
        audited=False,
        # One part of a batch that closes changes a thousand keys, and they come one after the other.
        limits=Limits(changes=1_000),
    ),
    Stage("project", reads=t.AUDIT_LOG, writes=(), handler="consumers.project.main", lane=Lane.BATCH, audited=False),
)


def stage_named(name: str) -> Stage:
    """Return the row of that name.

    Raises:
        KeyError: there is none; the message lists those there are.

    """
    for stage in STAGES:
        if stage.name == name:
            return stage
    msg = f"no stage {name!r}; there are {', '.join(s.name for s in STAGES)}"
    raise KeyError(msg)
