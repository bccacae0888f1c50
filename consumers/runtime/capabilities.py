"""What handlers may be given besides tables: the vault, the document store, the ERP, the limits that were set."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from typing import Any, cast

import httpx2
import structlog

from config.settings import Settings, SettingsRefused, read_settings
from consumers.runtime.stage import Handler, Table
from documents.completions import OpenAiCompatible, Service
from schemas.envelope import Event
from schemas.events import KeyWrapped
from schemas.topics import AUDIT_KEYS, POLICIES
from vault.blobs import BlobStore
from vault.keys import KeyTable
from vault.master import load_master
from vault.sealing import Vault

__all__ = ["KEYS", "KeyView", "asynchronous", "inline", "needs_keys", "tables_of", "worker"]


class KeyView:
    """The table of wrapped person keys. The vault reads it; nothing here can unwrap one."""

    def __init__(self) -> None:
        self.table = KeyTable()
        self._wrapped: dict[tuple[str, str], dict[str, bytes]] = {}
        self._version = 0

    @property
    def version(self) -> str:
        """A hash of the records taken in, whatever their order across keys."""
        return f"{self._version:064x}"

    def apply(self, key: str, event: Event | None) -> None:
        """Take in one record; a tombstone or an empty key is an erased person."""
        wrapped = event.wrapped if isinstance(event, KeyWrapped) else b""
        self.table.apply(key.encode(), wrapped)
        tenant, subject, _ = key.rsplit("/", 2)
        self._wrapped.setdefault((tenant, subject), {})[key] = wrapped
        self._version ^= int.from_bytes(sha256(key.encode() + b"\0" + wrapped).digest())

    def of(self, event: Event) -> Mapping[str, bytes]:
        """Return the wrapped keys of an event's subject, for a worker process."""
        return self._wrapped.get((event.tenant_id, event.subject), {})


KEYS = Table("keys", AUDIT_KEYS, KeyView)


def tables_of(handler: Handler, settings: Settings) -> tuple[Table, ...]:
    """Return the tables of a handler; policies are held to the signatures that the settings ask for.

    Raises:
        PolicyError: the settings ask for more signatures than there are keys, or name what is no key.

    """
    if all(table.topic is not POLICIES for table in handler.tables):
        return handler.tables
    from policy.signing import Trust  # noqa: PLC0415 - judging is loaded by the stages that judge alone
    from policy.table import Policies  # noqa: PLC0415 - as above

    trust = Trust.of(settings.policy_keys, settings.policy_signed_from, settings.policy_signatures)
    return tuple(
        replace(table, view=partial(Policies, trust)) if table.topic is POLICIES else table for table in handler.tables
    )


def needs_keys(handler: Handler) -> bool:
    """Return whether a handler opens or seals personal data or documents."""
    return bool({"vault", "blobs"} & set(handler.capabilities))


def inline(handler: Handler, settings: Settings, keys: KeyView) -> dict[str, Any]:
    """Return the capabilities of a handler that runs in the polling thread.

    Raises:
        SettingsRefused: a tenant's rule files cannot be used.

    """
    given = _vaulted(handler, settings, keys.table) if needs_keys(handler) else {}
    if "join_limit" in handler.capabilities:
        given["join_limit"] = timedelta(seconds=settings.join_limit_s)
    if "categories" in handler.capabilities:
        given["categories"] = _categories(settings)
    return given


def _categories(settings: Settings) -> Mapping[str, Any]:
    from consumers.category.rules import load_rules  # noqa: PLC0415 - the word lists are loaded by one stage alone
    from consumers.rulefile import RuleFileError  # noqa: PLC0415 - as above

    try:
        return load_rules(settings.categories)
    except RuleFileError as error:
        msg = f"SPENDTRAIL_CATEGORIES: {error}"
        raise SettingsRefused(msg) from error


def _vaulted(handler: Handler, settings: Settings, keys: KeyTable) -> dict[str, Any]:
    vault = Vault(load_master(settings.master_key_source), keys)
    given: dict[str, Any] = {
        "vault": vault,
        "blobs": BlobStore(settings.object_store_url, vault),
        "confidence": settings.confidence,
    }
    if settings.assistant_url:
        given["assistant"] = _assistant(settings)
    return {name: given[name] for name in handler.capabilities if name in given}


def _assistant(settings: Settings) -> OpenAiCompatible:
    log = structlog.get_logger(__name__)
    service = Service(
        settings.assistant_url,
        settings.assistant_key.get_secret_value(),
        settings.assistant_model,
        settings.assistant_timeout_s,
    )
    return OpenAiCompatible(service, failed=lambda why: log.warning("assistant_failed", error=why))


def worker(handler: Handler) -> Callable[[Mapping[str, bytes]], Mapping[str, Any]]:
    """Return what makes the capabilities of a handler inside a worker process, from the wrapped keys sent along."""
    keys = KeyTable()
    given = _vaulted(handler, read_settings(), keys) if needs_keys(handler) else {}

    def with_keys(wrapped: Mapping[str, bytes]) -> Mapping[str, Any]:
        for key, value in wrapped.items():
            keys.apply(key.encode(), value)
        return given

    return with_keys


def asynchronous(handler: Handler, settings: Settings) -> Callable[[], AbstractAsyncContextManager[Mapping[str, Any]]]:
    """Return what opens the capabilities of an async handler on its event loop."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Mapping[str, Any]]:
        if "erp" not in handler.capabilities:
            yield cast("Mapping[str, Any]", {})
            return
        async with httpx2.AsyncClient(base_url=settings.erp_url, timeout=settings.erp_timeout_s) as client:
            yield {"erp": client}

    return opened
