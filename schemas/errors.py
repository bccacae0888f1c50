"""What may go wrong between an event and its bytes."""

__all__ = ["ContractViolated", "RegistryUnavailable", "SchemaRefused", "Undecodable"]


class Undecodable(Exception):
    """The bytes are no event of ours. Trying again cannot help."""


class ContractViolated(Exception):
    """The event does not fit its schema: a field has the wrong type or a decimal too many digits."""


class RegistryUnavailable(Exception):
    """The schema registry does not answer. Trying again can help."""


class SchemaRefused(Exception):
    """The registry refuses the schema because older data could not be read with it."""
