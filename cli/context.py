"""What every verb needs: the settings with the running stack filled in, and a way to say no clearly."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import OperationalError, ProgrammingError

from config.residency import WrongRegion, routed
from config.settings import Settings, SettingsRefused, read_settings
from consumers.project.database import open_database
from consumers.project.queries import ReadModel
from devstack import stack
from producers.custody import SecretsUnusable, load_pseudonyms
from producers.edge import Edge, SettingsIncomplete, open_edge
from producers.publisher import PublishFailed
from schemas.codec import RegistryUnavailable
from streams.record import TransportLost
from vault.blobs import BlobStoreUnavailable
from vault.master import MasterKeyUnusable
from vault.pseudonym import Pseudonyms

__all__ = ["UNREACHABLE", "UP", "Refused", "Session", "Unreachable", "actor", "now", "session"]


class Refused(Exception):
    """Bad input: the message names what, where and the remedy. Exit code 2, nothing done."""


class Unreachable(Exception):
    """Something that is needed does not answer. Exit code 1; nothing that was acknowledged is lost, try again."""


UNREACHABLE = (BlobStoreUnavailable, TransportLost, PublishFailed, RegistryUnavailable)
UP = "Is it up? `spendtrail up` starts what is stopped"
"""What to do where one of these does not answer."""


def now() -> datetime:
    """Return the time of day, UTC: the command line's clock."""
    return datetime.now(UTC)  # noqa: TID251 - the command line is an entry point


@dataclass(frozen=True, slots=True)
class Session:
    """Settings with addresses; `bootstrap` and `registry` are those of the home's stack unless the environment says.

    Both raise `Refused` where nothing was ever started. `own`: the addresses are those of the home's stack.
    """

    settings: Settings
    own: bool = False

    def _awake(self) -> None:
        """See that something of the home's stack runs, so that nobody waits for brokers that were ended.

        Raises:
            Unreachable: nothing does.

        """
        home = self.settings.home
        if self.own and not any(service.pid for service in stack.status(home)):
            msg = f"nothing runs under {home}. `spendtrail up` starts it; what is there stays"
            raise Unreachable(msg)

    @property
    def bootstrap(self) -> str:
        """Brokers to connect to; `Unreachable` where they are the home's and ended."""
        if not self.settings.bootstrap_servers:
            msg = (
                f"no Kafka: nothing was started under {self.settings.home}. Run `spendtrail up`, "
                "or set SPENDTRAIL_BOOTSTRAP_SERVERS and SPENDTRAIL_SCHEMA_REGISTRY_URL"
            )
            raise Refused(msg)
        self._awake()
        return self.settings.bootstrap_servers

    @property
    def registry(self) -> str:
        """Schema registry to use."""
        if not self.settings.schema_registry_url:
            msg = "no schema registry: run `spendtrail up`, or set SPENDTRAIL_SCHEMA_REGISTRY_URL"
            raise Refused(msg)
        return self.settings.schema_registry_url

    def environment(self) -> dict[str, str]:
        """Return what child processes are told: the settings of whoever asks, so that `up` again can change them."""
        names = (f"SPENDTRAIL_{name.upper()}" for name in Settings.model_fields)
        return {
            **{name: os.environ[name] for name in names if name in os.environ},
            "SPENDTRAIL_HOME": str(self.settings.home),
            "SPENDTRAIL_BOOTSTRAP_SERVERS": self.bootstrap,
            "SPENDTRAIL_SCHEMA_REGISTRY_URL": self.registry,
            "SPENDTRAIL_ERP_URL": self.settings.erp_url,
        }

    @contextmanager
    def read_model(self) -> Iterator[ReadModel]:
        """Open the read model for questions.

        Raises:
            Refused: its URL is not understood, or nothing was ever started here.
            Unreachable: the database does not answer.

        """
        if not self.settings.read_model_url and not self.settings.read_model_file.exists():
            msg = f"no read model: nothing was started under {self.settings.home}. Run `spendtrail up` first"
            raise Refused(msg)
        try:
            engine = open_database(self.settings.read_model)
        except ValueError as error:
            raise Refused(str(error)) from error
        try:
            yield ReadModel(engine)
        except (OperationalError, ProgrammingError) as error:
            # The statement and its parameters are the developer's business; the first line says what is wrong.
            told = str(error.orig).partition("\n")[0]
            msg = f"the read model does not answer: {told}. `spendtrail status` says whether its stage runs"
            raise Unreachable(msg) from error
        finally:
            engine.dispose()

    def within(self, tenant: str) -> "Session":
        """Return the session at the cluster and bucket of the tenant's region.

        Raises:
            Refused: the tenant belongs to a region that this process does not know, or to none.

        """
        try:
            there = routed(self.settings, tenant)
        except WrongRegion as error:
            raise Refused(str(error)) from error
        return Session(there, own=self.own and there.bootstrap_servers == self.settings.bootstrap_servers)

    @contextmanager
    def edge(self) -> Iterator[Edge]:
        """Open what publishing needs.

        Raises:
            Refused: something is missing; the message says what.
            Unreachable: something does not answer; the message says what.

        """
        self._awake()
        try:
            with open_edge(self.settings, now) as edge:
                yield edge
        except UNREACHABLE as error:
            raise Unreachable(f"{error}. {UP}") from error
        except (SettingsIncomplete, SecretsUnusable, MasterKeyUnusable) as error:
            raise Refused(str(error)) from error

    def pseudonyms(self) -> Pseudonyms:
        """Return what turns employee ids into pseudonyms.

        Raises:
            Refused: the secret is missing or unsafe.

        """
        try:
            return load_pseudonyms(self.settings)
        except SecretsUnusable as error:
            raise Refused(str(error)) from error


def session() -> Session:
    """Read the environment and find the running stack.

    Raises:
        Refused: a setting does not fit.

    """
    try:
        settings = read_settings()
    except SettingsRefused as error:
        raise Refused(str(error)) from error
    found = None if settings.bootstrap_servers else stack.endpoints(settings.home)
    update: dict[str, str] = {}
    if found:
        update = {"bootstrap_servers": found.bootstrap_servers, "schema_registry_url": found.registry_url or ""}
    return Session(settings.model_copy(update=update), own=found is not None)


def actor() -> str:
    """Return who runs the command: SPENDTRAIL_ACTOR, or the login name."""
    name = os.environ.get("SPENDTRAIL_ACTOR") or os.environ.get("USER") or "operator"
    if not name.strip():
        raise Refused("SPENDTRAIL_ACTOR is empty; name who decides")
    return name.strip()
