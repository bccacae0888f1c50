"""The client of a schema registry: the only place that knows its API."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.errors import RegistryUnavailable, SchemaRefused, Undecodable

__all__ = ["ConfluentRegistry"]

_NOT_FOUND = 404
_CONFLICT = 409


class ConfluentRegistry:
    """A registry behind the Confluent API, Apicurio's compatible one included."""

    def __init__(self, url: str) -> None:
        settings: dict[str, Any] = {"url": url}
        if not url.startswith("mock://"):
            settings |= {"timeout": 10, "max.retries": 1}
        self._client = SchemaRegistryClient.new_client(settings)

    def register(self, subject: str, schema: str) -> int:
        """Return the id of the schema under the subject, registering it first when it is new.

        Raises:
            SchemaRefused: older data could not be read with it.
            RegistryUnavailable: the registry does not answer.

        """
        refused = {_CONFLICT: SchemaRefused(f"the registry refuses {subject}: older data could not be read with it")}
        with _asking(refused):
            return int(self._client.register_schema(subject, Schema(schema, "AVRO")))

    def schema(self, schema_id: int) -> str:
        """Return a schema's JSON text by id.

        Raises:
            Undecodable: the id is unknown.
            RegistryUnavailable: the registry does not answer.

        """
        unknown = {_NOT_FOUND: Undecodable(f"schema id {schema_id} is unknown to the registry")}
        with _asking(unknown):
            text = self._client.get_schema(schema_id).schema_str
        if text is None:
            msg = f"schema id {schema_id} has no text in the registry"
            raise Undecodable(msg)
        return text


@contextmanager
def _asking(answers: Mapping[int, Exception]) -> Iterator[None]:
    """Turn the client's errors into ours: `answers` by HTTP status, else the registry does not answer."""
    try:
        yield
    except SchemaRegistryError as error:
        told = answers.get(error.http_status_code)
        if told is None:
            told = RegistryUnavailable(f"schema registry: {error}")
        elif isinstance(told, SchemaRefused):
            told = SchemaRefused(f"{told}: {error.error_message}")
        raise told from error
    except OSError as error:
        msg = f"schema registry: {error}"
        raise RegistryUnavailable(msg) from error
    except Exception as error:
        # The client's HTTP library has exceptions of its own, and the client may change which library it uses.
        if not type(error).__module__.startswith(("httpx", "httpcore")):
            raise
        msg = f"schema registry: {error}"
        raise RegistryUnavailable(msg) from error
