"""The sections of the chart's values that no stage row decides."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.alias_generators import to_camel

from config.settings import Settings

__all__ = [
    "Behaviour",
    "Disruption",
    "Documents",
    "Image",
    "Kafka",
    "Keda",
    "Labels",
    "Lanes",
    "Manifest",
    "Name",
    "NetworkPolicy",
    "PodMonitor",
    "Pods",
    "Prepare",
    "Secrets",
    "Section",
    "Service",
    "ServiceAccount",
    "State",
    "Upload",
    "Url",
]

# Kubernetes' own grammar of quantities, for sizes of volumes.
Quantity = Annotated[str, Field(pattern=r"^[1-9][0-9]*(Ki|Mi|Gi|Ti)$")]
Name = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$")]
Url = Annotated[str, Field(pattern=r"^[a-z][a-z0-9+.-]*://\S+$")]
Labels = dict[str, str]
Manifest = dict[str, Any]


class Section(BaseModel):
    """A part of the values; a key that is not in it is refused, because a misspelt one would silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


def default_of(name: str) -> Any:
    """Return a process setting's own default, so that chart and process cannot disagree."""
    return Settings.model_fields[name].default


class Image(Section):
    """One image runs everything."""

    repository: Annotated[str, Field(description="Registry and name.", min_length=1)] = "spendtrail"
    tag: Annotated[str, Field(description="Tag; empty: the chart's appVersion.")] = ""
    digest: Annotated[str, Field(description="Digest; wins over the tag.", pattern=r"^(sha256:[0-9a-f]{64})?$")] = ""
    pull_policy: Annotated[Literal["Always", "IfNotPresent", "Never"], Field(description="When to pull.")] = (
        "IfNotPresent"
    )
    pull_secrets: Annotated[list[Name], Field(description="Names of pull secrets.")] = []


class Kafka(Section):
    """Which Kafka, and how to log in there."""

    bootstrap_servers: Annotated[str, Field(description="Brokers, host:port with commas.", pattern=r"^\S+:\d+$")] = (
        "spendtrail-kafka-bootstrap:9092"
    )
    options: Annotated[Labels, Field(description="Further client settings, none of them secret.")] = {}
    options_secret: Annotated[
        Name, Field(description="Secret with the key `kafka-options`, a JSON object; replaces `options`.")
    ] = ""
    replication: Annotated[PositiveInt, Field(description="Replication factor of topics that are created.")] = 3


class Secrets(Section):
    """Keys of one Secret that exists beforehand. The chart never makes one."""

    existing_secret: Annotated[Name, Field(description="Name of the Secret.", min_length=1)] = "spendtrail"  # noqa: S105 - a name
    master_key: Annotated[str, Field(description="Its key with the master keyset.", min_length=1)] = "master.json"
    pseudonyms: Annotated[str, Field(description="Its key with the secret behind pseudonyms.", min_length=1)] = (
        "pseudonyms.secret"
    )
    read_model_url: Annotated[str, Field(description="Its key with the SQLAlchemy URL of the read model.")] = (
        "read-model-url"
    )


class Documents(Section):
    """Where documents are kept, encrypted. Every stage that opens them needs the same place."""

    url: Annotated[
        str, Field(description="URL of an object store (`s3://bucket/prefix`); empty: a volume shared by all pods.")
    ] = ""
    existing_secret: Annotated[Name, Field(description="Secret whose keys become variables (`AWS_*`, ...).")] = ""
    existing_claim: Annotated[Name, Field(description="ReadWriteMany claim to use where there is no URL.")] = ""
    size: Annotated[Quantity, Field(description="Size of the claim that is made where none is named.")] = "50Gi"
    storage_class: Annotated[str, Field(description="Its storage class; empty: the cluster's default.")] = ""


class Assistant(Section):
    """A language model that is asked about documents in doubt; nobody is asked without a URL."""

    url: Annotated[str, Field(description="Base URL of an OpenAI-compatible service; empty: none.")] = default_of(
        "assistant_url"
    )
    model: Annotated[str, Field(description="The model to ask there.")] = default_of("assistant_model")
    timeout_seconds: Annotated[
        PositiveFloat, Field(description="Time limit of one question, further tries included.", le=60)
    ] = default_of("assistant_timeout_s")
    existing_secret: Annotated[Name, Field(description="Secret with its API key; empty: it wants none.")] = ""
    key: Annotated[str, Field(description="The key in that Secret.", min_length=1)] = "assistant-key"


class Behaviour(Section):
    """Settings of the processes; see the reference of settings."""

    tenant: Annotated[str, Field(description="Tenant where a request names none.", min_length=1)] = default_of("tenant")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Log level.")] = default_of(
        "log_level"
    )
    confidence: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=1)]],
        Field(description="How sure a key field must be to need no person, by tenant; `*` is everyone else."),
    ] = {}
    categories: Annotated[
        dict[str, str],
        Field(description="Folder in the image with category rules in place of ours, by tenant; `*` is everyone else."),
    ] = {}
    drain_seconds: Annotated[PositiveFloat, Field(description="How long a stopping stage may finish its work.")] = (
        default_of("drain_s")
    )
    stuck_seconds: Annotated[
        PositiveFloat, Field(description="A stage whose polling thread hangs this long ends itself.")
    ] = default_of("stuck_s")
    dead_letters_per_minute: Annotated[PositiveInt, Field(description="Above this rate a stage halts.")] = default_of(
        "dead_letters_per_minute"
    )
    join_limit_seconds: Annotated[
        PositiveFloat, Field(description="How long an expense waits for a silent track before a person has to look.")
    ] = default_of("join_limit_s")
    upload_bytes: Annotated[PositiveInt, Field(description="Largest document taken in, in bytes.")] = default_of(
        "upload_bytes"
    )
    lag_bound: Annotated[PositiveInt, Field(description="Lag of any stage above which the door closes.")] = default_of(
        "lag_bound"
    )
    policy_keys: Annotated[
        dict[str, str], Field(description="Public keys of those who may sign policies, base64 by name.")
    ] = {}
    policy_signed_from: Annotated[
        str, Field(description="Policies that begin at this moment or later must be signed; empty: no policy must.")
    ] = ""
    policy_signatures: Annotated[int, Field(description="By how many different keys; 2 is four eyes.", ge=1, le=5)] = (
        default_of("policy_signatures")
    )
    backtest_required: Annotated[
        bool, Field(description="Publish a policy only where a backtest of the last 29 days stays within bounds.")
    ] = default_of("backtest_required")
    backtest_newly_flagged: Annotated[
        float, Field(description="Largest share of expenses a policy may newly send to a person.", ge=0, le=1)
    ] = default_of("backtest_newly_flagged")
    backtest_newly_cleared: Annotated[float, Field(description="Largest share it may newly let pass.", ge=0, le=1)] = (
        default_of("backtest_newly_cleared")
    )
    backtest_reviews_per_week: Annotated[
        PositiveFloat | None, Field(description="Most expenses a week it may send to a person; null: no bound.")
    ] = default_of("backtest_reviews_per_week")
    tick_seconds: Annotated[PositiveFloat, Field(description="Seconds between two ticks.")] = default_of("tick_s")
    erp_timeout_seconds: Annotated[PositiveFloat, Field(description="Time limit of one ERP call.")] = default_of(
        "erp_timeout_s"
    )
    region: Annotated[str, Field(description="Region this release serves; empty: there are none.")] = default_of(
        "region"
    )
    residency: Annotated[
        dict[str, str], Field(description="Region each tenant's data must stay in; `*` is everyone else.")
    ] = {}
    jurisdictions: Annotated[
        list[str], Field(description="Whose laws say how long records are kept; empty: all known.")
    ] = []
    retention_days: Annotated[
        dict[str, PositiveInt],
        Field(description="Topics kept longer than the table says, in days; a shorter time is refused."),
    ] = {}


class Keda(Section):
    """One ScaledObject per stage, on the lag of its group. Without it each stage has `replicas`."""

    enabled: Annotated[bool, Field(description="Make them; needs KEDA 2.12 or later in the cluster.")] = True
    authentication_ref: Annotated[Name, Field(description="TriggerAuthentication for Kafka; empty: none.")] = ""
    tls: Annotated[bool, Field(description="Whether the brokers speak TLS.")] = False
    sasl: Annotated[
        Literal["none", "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi"],
        Field(description="How KEDA logs in; its secrets come by the TriggerAuthentication."),
    ] = "none"
    kafka_version: Annotated[
        str,
        Field(
            description="Protocol KEDA speaks. Brokers from 4.0 on refuse what is older than 2.1, KEDA's default is.",
            pattern=r"^\d+\.\d+\.\d+$",
        ),
    ] = "2.5.0"
    polling_seconds: Annotated[PositiveInt, Field(description="How often the lag is read.")] = 15
    scale_down_stabilization_seconds: Annotated[
        int, Field(description="How long lag must have been low before a replica goes.", ge=0, le=3600)
    ] = 300
    scale_down_period_seconds: Annotated[
        int, Field(description="One replica at most goes in this time: each moves partitions.", ge=1, le=1800)
    ] = 120


class Lane(Section):
    """What one replica asks for."""

    cpu_millis: Annotated[PositiveInt, Field(description="Processor request, thousandths.")]
    memory_mi: Annotated[PositiveInt, Field(description="Memory request, MiB.")]
    memory_limit_mi: Annotated[PositiveInt, Field(description="Memory limit, MiB.")]


class WorkerLane(Lane):
    """The process lane: the figures of the parent, and on top of them for each worker."""

    worker_cpu_millis: Annotated[PositiveInt, Field(description="More processor per worker.")]
    worker_memory_mi: Annotated[
        PositiveInt, Field(description="More memory requested per worker; its limit is a record's, by the stage table.")
    ]


class Lanes(Section):
    """Resources by where a stage's work runs. There is no processor limit: throttling would delay heartbeats."""

    inline: Annotated[Lane, Field(description="Work in the polling thread.")] = Lane(
        cpu_millis=250, memory_mi=320, memory_limit_mi=1024
    )
    process: Annotated[WorkerLane, Field(description="Work in worker processes: OCR, PDF.")] = WorkerLane(
        cpu_millis=250, memory_mi=320, memory_limit_mi=1024, worker_cpu_millis=1000, worker_memory_mi=640
    )
    asynchronous: Annotated[Lane, Field(description="Work that waits for HTTP.", alias="async")] = Lane(
        cpu_millis=250, memory_mi=320, memory_limit_mi=1024
    )
    batch: Annotated[Lane, Field(description="The read model.")] = Lane(
        cpu_millis=250, memory_mi=320, memory_limit_mi=1024
    )


class State(Section):
    """Where a pod keeps the local copy of its state. The changelog is the truth, so losing it costs only time."""

    kind: Annotated[
        Literal["emptyDir", "ephemeral"], Field(description="The node's disk, or a volume made for each pod.")
    ] = "emptyDir"
    size: Annotated[Quantity, Field(description="Size limit.")] = "4Gi"
    storage_class: Annotated[str, Field(description="Storage class of `ephemeral`; empty: the cluster's default.")] = ""


class Disruption(Section):
    """A budget per stage and for the upload service."""

    enabled: Annotated[bool, Field(description="Make the budgets.")] = True
    max_unavailable: Annotated[PositiveInt, Field(description="Pods of one stage that may be evicted at once.")] = 1


class Service(Section):
    """A process around the stages."""

    resources: Annotated[Lane, Field(description="What one pod asks for.")] = Lane(
        cpu_millis=50, memory_mi=192, memory_limit_mi=512
    )


class Prepare(Service):
    """The job that makes topics, schemas and the first policy before anything is installed or upgraded."""

    enabled: Annotated[bool, Field(description="Run `spendtrail prepare` as a hook.")] = True
    deadline_seconds: Annotated[PositiveInt, Field(description="When to give up.")] = 600


class Signer(Section):
    """Somebody who signs checkpoints, on a schedule, with a key that no stage holds."""

    enabled: Annotated[bool, Field(description="Run it.")] = False
    schedule: Annotated[str, Field(description="When, as cron says it.", pattern=r"^\S+( \S+){4}$")] = "17 * * * *"
    key_url: Annotated[str, Field(description="URL of its key in a key service; empty: a file in the Secret.")] = ""
    existing_secret: Annotated[
        Name, Field(description="Secret with its key file, or with the token of the key service; made beforehand.")
    ] = ""
    item: Annotated[str, Field(description="Its key in that Secret.", min_length=1)] = "signing.pem"
    store_secret: Annotated[Name, Field(description="Secret with the login of the store, as environment.")] = ""
    resources: Annotated[Lane, Field(description="What one pod asks for: it keeps 32 bytes an entry.")] = Lane(
        cpu_millis=250, memory_mi=512, memory_limit_mi=2048
    )


class Witness(Signer):
    """A second signature, by somebody who remembers what they signed. Better run by somebody else, elsewhere."""

    schedule: Annotated[str, Field(description="When, as cron says it.", pattern=r"^\S+( \S+){4}$")] = "47 * * * *"
    trusted: Annotated[str, Field(description="Public key of the notary; empty: the first kept.")] = ""
    remember_claim: Annotated[
        Name, Field(description="PersistentVolumeClaim where it keeps what it signed; empty: it forgets.")
    ] = ""


class Notary(Signer):
    """Verifies and signs the audit log. Off: whoever writes the log should not be who signs it."""

    checkpoints_url: Annotated[str, Field(description="Store of checkpoints, where no stage can delete.")] = ""
    kafka_options_secret: Annotated[
        Name, Field(description="Secret with `kafka-options` of a login that can only read; empty: that of the stages.")
    ] = ""
    witness: Annotated[Witness, Field(description="A second signature.")] = Witness()


class Ingress(Section):
    """The way in from outside. The service has no login: put one in front of it."""

    enabled: Annotated[bool, Field(description="Make it.")] = False
    class_name: Annotated[str, Field(description="Ingress class.")] = ""
    annotations: Annotated[Labels, Field(description="Annotations: authentication, body size.")] = {}
    host: Annotated[str, Field(description="Host name.")] = ""
    tls_secret: Annotated[Name, Field(description="Secret with the certificate; empty: no TLS.")] = ""


class Upload(Service):
    """The HTTP service that takes documents in."""

    enabled: Annotated[bool, Field(description="Run it.")] = True
    replicas: Annotated[PositiveInt, Field(description="How many.")] = 2
    resources: Annotated[Lane, Field(description="What one pod asks for.")] = Lane(
        cpu_millis=250, memory_mi=320, memory_limit_mi=1024
    )
    service_annotations: Annotated[Labels, Field(description="Annotations of the Service.")] = {}
    ingress: Annotated[Ingress, Field(description="The way in from outside.")] = Ingress()


class PodMonitor(Section):
    """For the Prometheus operator: every stage pod's /metrics."""

    enabled: Annotated[bool, Field(description="Make it.")] = False
    labels: Annotated[Labels, Field(description="Labels the operator selects by.")] = {}
    interval: Annotated[str, Field(description="How often.", pattern=r"^[1-9][0-9]*(s|m)$")] = "30s"


class NetworkPolicy(Section):
    """Who may reach the pods, and whom they may reach."""

    enabled: Annotated[bool, Field(description="Make it. Without any rule below, nobody may come in.")] = False
    metrics_from: Annotated[list[Manifest], Field(description="Peers that may read health and metrics.")] = []
    upload_from: Annotated[list[Manifest], Field(description="Peers that may send documents.")] = []
    egress: Annotated[
        list[Manifest],
        Field(description="Egress rules beside DNS: Kafka, registry, PostgreSQL, object store, ERP; empty: all."),
    ] = []


class ServiceAccount(Section):
    """The pods' account. It carries no token: no process talks to the API server."""

    create: Annotated[bool, Field(description="Make one.")] = True
    name: Annotated[Name, Field(description="Its name; empty: the release's, or `default` where none is made.")] = ""
    annotations: Annotated[Labels, Field(description="Annotations, for a cloud identity.")] = {}


class Pods(Section):
    """What every pod gets."""

    annotations: Annotated[Labels, Field(description="Annotations.")] = {}
    labels: Annotated[Labels, Field(description="Labels.")] = {}
    node_selector: Annotated[Labels, Field(description="Nodes to run on.")] = {}
    tolerations: Annotated[list[Manifest], Field(description="Taints to bear.")] = []
    affinity: Annotated[Manifest, Field(description="Affinity.")] = {}
    priority_class_name: Annotated[str, Field(description="Priority class.")] = ""
    scratch_size: Annotated[Quantity, Field(description="Size limit of /tmp.")] = "2Gi"
    startup_seconds: Annotated[
        int, Field(description="How long a pod may take to answer: imports, a slow disk.", ge=30)
    ] = 600
    termination_grace_period_seconds: Annotated[
        NonNegativeInt,
        Field(description="Time from SIGTERM to SIGKILL; at least `drainSeconds` and 25 s more.", ge=45),
    ] = 60
