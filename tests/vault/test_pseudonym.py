"""Pseudonyms."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.pseudonym import Pseudonyms

SECRET = b"sixteen or more bytes"


def expected(secret: bytes, tenant: str, employee: str) -> str:
    """HKDF (RFC 5869) and HMAC (RFC 2104) written out by hand."""
    extracted = hmac.digest(b"\x00" * 32, secret, "sha256")
    key = hmac.digest(extracted, b"spendtrail subject pseudonym v1\x00" + tenant.encode() + b"\x01", "sha256")
    return hmac.new(key, employee.encode(), hashlib.sha256).hexdigest()[:32]


def test_golden() -> None:
    """The pseudonym is HMAC under a key that HKDF derives for the tenant."""
    assert Pseudonyms(SECRET).of("acme", "E-1047") == expected(SECRET, "acme", "e-1047")


@pytest.mark.parametrize("spelling", ["e-1047", " E-1047 ", "E-\uff11\uff10\uff14\uff17", "E-1047\t"])
def test_spellings(spelling: str) -> None:
    """Spellings of one employee id are one person."""
    assert Pseudonyms(SECRET).of("acme", spelling) == Pseudonyms(SECRET).of("acme", "E-1047")


def test_tenants_do_not_share() -> None:
    """The same employee id in two tenants, or under two secrets, is two unrelated pseudonyms."""
    made = {Pseudonyms(s).of(t, "E-1") for s in (SECRET, SECRET[::-1]) for t in ("acme", "globex")}
    assert len(made) == 4


@given(st.text(min_size=1).filter(lambda t: t.split()))
def test_shape(employee: str) -> None:
    """Any id gives 32 hex digits that do not hold it."""
    pseudonym = Pseudonyms(SECRET).of("acme", employee)
    assert len(pseudonym) == 32
    assert int(pseudonym, 16) >= 0


@pytest.mark.parametrize(("tenant", "employee"), [("acme", "  "), ("", "E-1")])
def test_blank_is_refused(tenant: str, employee: str) -> None:
    """A blank id would make all the unnamed one person."""
    with pytest.raises(ValueError, match="blank"):
        Pseudonyms(SECRET).of(tenant, employee)


def test_short_secret_is_refused() -> None:
    """A secret that can be guessed reverses every pseudonym."""
    with pytest.raises(ValueError, match="at least 16"):
        Pseudonyms(b"short")
