"""Postings that are due at once go to the ERP in one request, each with its own key and answer.

A request costs the stage and the ERP several times what a posting in it does, a flush to disk among the rest. One is on
its way at a time, so that each ledger's postings arrive in the order they became due. An ERP that takes only one
posting a request is told from its first answer; then each ledger's go one after the other.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from copy import copy
from http import HTTPStatus
from typing import Any, Final
from weakref import WeakKeyDictionary

import httpx2
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from consumers.posting.asking import PATH, Said, ask, sent
from consumers.runtime.errors import Transient

__all__ = ["post"]

_TOGETHER: Final = "/api/v1/gl/postings"
# What an ERP says that knows no such request.
_UNKNOWN: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
# Postings in one request. What comes while it is on its way goes with the next: no posting waits for others that
# might come.
_MOST: Final = 100
# Postings that an ERP which takes one a request is asked for at once, of as many ledgers.
_AT_ONCE: Final = 16


class _One(BaseModel):
    """What became of one posting, as if it had been asked for alone."""

    model_config = ConfigDict(frozen=True)

    status: int
    body: dict[str, Any]


class _Answers(BaseModel):
    """What became of each, in the order they were sent."""

    model_config = ConfigDict(frozen=True)

    answers: tuple[_One, ...]


class _Waiting:
    """One posting that is due: its key, its journal and who waits for the answer."""

    __slots__ = ("_answer", "journal", "key")

    def __init__(self, key: str, journal: dict[str, Any]) -> None:
        self.key, self.journal = key, journal
        self._answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()

    async def answered(self) -> Said:
        """Return the answer once it is there."""
        return await self._answer

    def tell(self, said: Said | Exception) -> None:
        """Hand on what became of it; whoever waited may have given up."""
        if self._answer.done():
            return
        if isinstance(said, Exception):
            self._answer.set_exception(said)
        else:
            self._answer.set_result(said)


class _Counter:
    """The postings that are due at one ERP. Used on one event loop."""

    def __init__(self) -> None:
        self._due: deque[_Waiting] = deque()
        self._sending: asyncio.Task[None] | None = None
        self._one_by_one = False
        # By tenant and ledger, for an ERP that takes one at a time; there are as many as ledgers.
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._few = asyncio.Semaphore(_AT_ONCE)

    async def post(self, erp: httpx2.AsyncClient, journal: dict[str, Any], key: str) -> Said:
        """Return the ERP's answer to one posting."""
        if self._one_by_one:
            return await self._in_turn(erp, journal, key)
        waiting = _Waiting(key, journal)
        self._due.append(waiting)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all(erp))
        return await waiting.answered()

    async def _send_all(self, erp: httpx2.AsyncClient) -> None:
        while self._due:
            some = [self._due.popleft() for _ in range(min(_MOST, len(self._due)))]
            try:
                answers = await self._sent(erp, some)
            except Exception as error:  # noqa: BLE001 - whoever waits for an answer is told of it and judges
                for each in some:
                    # One of its own for each: an exception gathers the frames of everyone who raises it.
                    each.tell(copy(error))
            else:
                for each, said in zip(some, answers, strict=True):
                    each.tell(said)

    async def _sent(self, erp: httpx2.AsyncClient, some: list[_Waiting]) -> Sequence[Said | Transient]:
        """Return what became of each. What the ERP says of the request as a whole is asked again for each alone."""
        if len(some) > 1 and not self._one_by_one:
            body = {"postings": [{"idempotency_key": each.key, "journal": each.journal} for each in some]}
            said = await sent(erp, _TOGETHER, body, {})
            answers = _answers(said, len(some))
            if answers is not None:
                return answers
            self._one_by_one = said.status in _UNKNOWN
            if self._one_by_one:
                # What came meanwhile is before whatever comes from now on.
                some.extend(self._due)
                self._due.clear()
        return await asyncio.gather(*(self._alone(erp, each) for each in some))

    async def _alone(self, erp: httpx2.AsyncClient, waiting: _Waiting) -> Said | Transient:
        try:
            return await self._in_turn(erp, waiting.journal, waiting.key)
        except Transient as error:
            return error

    async def _in_turn(self, erp: httpx2.AsyncClient, journal: dict[str, Any], key: str) -> Said:
        async with self._turns[journal["tenant_id"], journal["ledger"]], self._few:
            return await ask(erp, PATH, journal, key)


def _answers(said: Said, number: int) -> list[Said] | None:
    """Return the answer to each posting, None where this is no answer to all of them."""
    if said.status != HTTPStatus.OK:
        return None
    try:
        answers = _Answers.model_validate_json(said.body).answers
    except ValidationError:
        return None
    return [Said(each.status, orjson.dumps(each.body)) for each in answers] if len(answers) == number else None


# One for each client, which the lane opens and closes.
_COUNTERS: Final[WeakKeyDictionary[httpx2.AsyncClient, _Counter]] = WeakKeyDictionary()


async def post(erp: httpx2.AsyncClient, journal: dict[str, Any], key: str) -> Said:
    """Return the ERP's answer to a posting, sent alone or with others that are due just now.

    Raises:
        Transient: it gives none; sent again under the same key it is posted once.

    """
    return await _COUNTERS.setdefault(erp, _Counter()).post(erp, journal, key)
