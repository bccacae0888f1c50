"""The environment, read once into a frozen object. Nothing here connects to anything."""

import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Region", "Settings", "SettingsRefused", "read_settings"]


class SettingsRefused(Exception):
    """A `SPENDTRAIL_*` variable does not fit; the message names it and what it takes."""


def _default_home() -> Path:
    data = os.environ.get("XDG_DATA_HOME", "")
    return (Path(data) if data else Path.home() / ".local" / "share") / "spendtrail"


class Region(BaseModel):
    """Where a region is: its Kafka, its registry and its bucket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bootstrap_servers: Annotated[str, Field(min_length=1)]
    schema_registry_url: Annotated[str, Field(min_length=1)]
    object_store: Annotated[str, Field(min_length=1)]
    kafka_options: dict[str, str] = Field(default_factory=dict)


class Settings(BaseSettings):
    """Every setting, each from the variable `SPENDTRAIL_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="SPENDTRAIL_", frozen=True, extra="ignore")

    home: Annotated[Path, Field(description="Where the developer stack, state files and defaults live.")] = Field(
        default_factory=_default_home
    )
    bootstrap_servers: Annotated[str | None, Field(description="Kafka to use instead of the developer stack's.")] = None
    schema_registry_url: Annotated[str | None, Field(description="Confluent-compatible registry to use instead.")] = (
        None
    )
    kafka_options: Annotated[
        dict[str, str], Field(description="Further client settings as JSON, for example security.protocol.")
    ] = Field(default_factory=dict)
    replication: Annotated[PositiveInt, Field(description="Replication factor of topics that are created.")] = 1
    instance: Annotated[
        str,
        Field(description="Name of this replica: unique per stage, the same after a restart.", pattern=r"^[\w.-]+$"),
    ] = Field(default_factory=socket.gethostname)
    object_store: Annotated[str, Field(description="URL of the document store; empty: a folder under home.")] = ""
    master_key: Annotated[str, Field(description="Master key: a path, or a KMS URI; empty: a file under home.")] = ""
    pseudonym_secret: Annotated[
        Path | None, Field(description="File with the secret behind pseudonyms; none: a file under home.")
    ] = None
    read_model_url: Annotated[str, Field(description="SQLAlchemy URL of the read model; empty: SQLite under home.")] = (
        ""
    )
    checkpoints: Annotated[
        str, Field(description="URL of the store of the audit log's signed checkpoints; empty: a folder under home.")
    ] = ""
    notary_key: Annotated[
        str, Field(description="Key that signs checkpoints: a file, or its URL in a key service; empty: under home.")
    ] = ""
    notary_token_file: Annotated[
        Path | None, Field(description="File with the token for that key service; read anew for each request.")
    ] = None
    region: Annotated[str, Field(description="Region this process serves; empty: there are none.")] = ""
    residency: Annotated[
        dict[str, str], Field(description="Region each tenant's data must stay in, as JSON; `*` is the rest.")
    ] = Field(default_factory=dict)
    regions: Annotated[
        dict[str, Region],
        Field(description="Cluster, registry and bucket of regions the command line may send to, by name, as JSON."),
    ] = Field(default_factory=dict)
    jurisdictions: Annotated[
        tuple[str, ...],
        Field(description='Whose laws say how long records are kept, as JSON, such as ["DE"]; empty: all known.'),
    ] = ()
    retention_days: Annotated[
        dict[str, PositiveInt],
        Field(description="Topics kept longer than the table says, in days, as JSON; a shorter time is refused."),
    ] = Field(default_factory=dict)
    erp_url: Annotated[str, Field(description="Base URL of the ERP.")] = ""
    erp_timeout_s: Annotated[PositiveFloat, Field(description="Time limit of one ERP call in seconds.")] = 30.0
    confidence: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=1)]],
        Field(
            description="How sure a key field must be to need no person, by tenant, as JSON; `*` is the rest; or 0.85."
        ),
    ] = Field(default_factory=dict)
    categories: Annotated[
        dict[str, Path],
        Field(description="Folder of category rules in place of ours, by tenant, as JSON; `*` is the rest; or none."),
    ] = Field(default_factory=dict)
    assistant_url: Annotated[
        str, Field(description="Base URL of an OpenAI-compatible service asked about documents in doubt; empty: none.")
    ] = ""
    assistant_key: Annotated[SecretStr, Field(description="Its API key, where it wants one.")] = SecretStr("")
    assistant_model: Annotated[str, Field(description="The model to ask there.")] = ""
    # Half of what the parse stage gives a record: a slow service must never cost the document itself.
    assistant_timeout_s: Annotated[
        PositiveFloat, Field(description="Time limit of one question in seconds, further tries included.", le=60)
    ] = 30.0
    health_port: Annotated[int, Field(description="Port of /healthz, /readyz and /metrics; 0: any free one.", ge=0)] = 0
    health_host: Annotated[str, Field(description="Address they listen on.")] = "127.0.0.1"
    workers: Annotated[PositiveInt | None, Field(description="Records side by side; none: the stage's default.")] = None
    record_seconds: Annotated[PositiveFloat | None, Field(description="Time limit of one record in a worker.")] = None
    drain_s: Annotated[PositiveFloat, Field(description="How long a stopping stage may finish what it began.")] = 20.0
    stuck_s: Annotated[
        PositiveFloat, Field(description="A stage whose polling thread hangs this long ends itself.")
    ] = 120.0
    dead_letters_per_minute: Annotated[PositiveInt, Field(description="Above this rate a stage halts.")] = 200
    join_limit_s: Annotated[
        PositiveFloat,
        Field(description="How long an expense waits for a silent track before a person has to look, in seconds."),
    ] = 900.0
    upload_bytes: Annotated[PositiveInt, Field(description="Largest document taken in, in bytes.")] = 25 * 1024 * 1024
    upload_host: Annotated[str, Field(description="Address the upload service listens on.")] = "127.0.0.1"
    upload_port: Annotated[int, Field(description="Port of the upload service; 0: any free one.", ge=0)] = 0
    lag_bound: Annotated[PositiveInt, Field(description="Records of lag in any stage above which the door closes.")] = (
        50_000
    )
    door_groups: Annotated[
        dict[str, str],
        Field(description="Consumer groups whose lag closes the door, each with the topic it reads, as JSON."),
    ] = Field(default_factory=dict)
    policy_keys: Annotated[
        dict[str, str], Field(description="Public keys of those who may sign policies, base64 by name, as JSON.")
    ] = Field(default_factory=dict)
    policy_signed_from: Annotated[
        datetime | None,
        Field(description="Policies that begin at this moment (UTC) or later must be signed; none: no policy must."),
    ] = None
    policy_signatures: Annotated[int, Field(description="By how many different keys; 2 is four eyes.", ge=1, le=5)] = 1
    backtest_required: Annotated[
        bool, Field(description="Publish a policy only where a backtest of the last 29 days stays within bounds.")
    ] = False
    backtest_newly_flagged: Annotated[
        float, Field(description="Largest share of expenses a policy may newly send to a person, 0 to 1.", ge=0, le=1)
    ] = 0.05
    backtest_newly_cleared: Annotated[
        float, Field(description="Largest share it may newly let pass, 0 to 1.", ge=0, le=1)
    ] = 0.05
    backtest_reviews_per_week: Annotated[
        PositiveFloat | None, Field(description="Most expenses a week it may send to a person; none: no bound.")
    ] = None
    tick_s: Annotated[PositiveFloat, Field(description="Seconds between two ticks.")] = 5.0
    tenant: Annotated[str, Field(description="Tenant where a command names none.")] = "main"
    log_level: Annotated[str, Field(description="DEBUG, INFO, WARNING or ERROR.", pattern=r"^[A-Z]+$")] = "INFO"

    @property
    def object_store_url(self) -> str:
        """Where documents are kept."""
        return self.object_store or (self.home / "documents").resolve().as_uri()

    @property
    def master_key_source(self) -> str:
        """Where the master key is."""
        return self.master_key or str(self.home / "keys" / "master.json")

    @property
    def pseudonym_secret_file(self) -> Path:
        """Where the pseudonym secret is."""
        return self.pseudonym_secret or self.home / "keys" / "pseudonyms.secret"

    @property
    def checkpoints_url(self) -> str:
        """Where signed checkpoints are kept."""
        return self.checkpoints or (self.home / "checkpoints").resolve().as_uri()

    @property
    def notary_key_source(self) -> str:
        """Where the key that signs them is."""
        return self.notary_key or str(self.home / "keys" / "notary.pem")

    @property
    def read_model(self) -> str:
        """SQLAlchemy URL of the read model."""
        return self.read_model_url or f"sqlite:///{self.read_model_file}"

    @property
    def read_model_file(self) -> Path:
        """File of the embedded read model."""
        return (self.home / "read-model.sqlite").resolve()


def read_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsRefused: a variable does not fit.

    """
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(f"SPENDTRAIL_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsRefused(told) from error
