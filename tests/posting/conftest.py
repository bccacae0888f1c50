"""The running ledger that expenses are posted to."""

from tests.erp.serving import ledger, shared

__all__ = ["ledger", "shared"]
