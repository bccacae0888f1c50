"""What a mutation is, and the ten rules that each has some of."""

from dataclasses import dataclass

__all__ = ["RULES", "Mutation"]

RULES = {
    1: "One thread polls; above the in-flight cap it pauses, below half it resumes, and it never stops polling",
    2: "One event per key in flight, in order, or one per expense where a stage says so; different keys side by side",
    3: "Results of a revoked ownership epoch are dropped",
    4: "Each tick is one transaction with outputs, audit, changelog, dead letters, frontier and bitset",
    5: "A slow or broken transaction costs the producer its life; an open transaction ends after 10 s",
    6: "On abort, exit and restart from what is committed; SIGTERM finishes or drops, commits, leaves",
    7: "Many records share a transaction; inside the stream nothing is validated twice",
    8: "The state file is written after Kafka's commit and knows its place; attempts are marked",
    9: "A dead letter goes with its offset; what is missing blocks the key; a rate halts the stage",
    10: "One rebalance protocol, KIP-848",
}


@dataclass(frozen=True, slots=True)
class Mutation:
    """`old` becomes `new` in `file`; then `test` fails and says `told`. `kafka` where it needs a broker."""

    rule: int
    what: str
    file: str
    old: str
    new: str
    test: str
    told: str
    kafka: bool = False
