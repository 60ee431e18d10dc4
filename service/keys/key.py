"""Keys: what is kept of one, and how a new one is made."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

GrantedScope = Literal["process", "read", "write", "metrics", "admin"]
"""A scope that a key may have: `public` needs none."""
GRANTED_SCOPES: tuple[GrantedScope, ...] = get_args(GrantedScope)
KEY_PREFIX = "dk_"
SECRET = re.compile(r"dk_[A-Za-z0-9_-]{43}")
"""A key as a caller sends it: 256 random bits in base64url (RFC 4648, §5), without padding."""
_RANDOM_BYTES = 32

_Time = Annotated[datetime, Meta(tz=True)]


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is kept of a key: never the key itself, only its SHA-256, which nobody can send.

    `rate` is in requests a second, `budget` in core-seconds a day (UTC); None is without limit.
    """

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    scopes: tuple[GrantedScope, ...]
    created: _Time
    expires: _Time | None = None
    rate: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    budget: Annotated[float, Meta(ge=0, le=1e9)] | None = None
    revoked: _Time | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether the key's time is over."""
        return self.expires is not None and now >= self.expires

    def is_usable(self, now: datetime) -> bool:
        """Whether the key is neither revoked nor expired."""
        return self.revoked is None and not self.is_expired(now)


def new_key(
    name: str,
    scopes: Sequence[GrantedScope],
    *,
    expires: datetime | None = None,
    rate: float | None = None,
    budget: float | None = None,
) -> tuple[str, Key]:
    """A new key: the text that its holder sends, and what is kept of it."""
    text = KEY_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    kept = Key(
        id=secrets.token_hex(8), name=name, sha256=digest_of_key(text), scopes=tuple(dict.fromkeys(scopes)),
        created=datetime.now(UTC).replace(microsecond=0), expires=expires, rate=rate, budget=budget,
    )  # fmt: skip
    return text, kept


def digest_of_key(text: str) -> str:
    """The SHA-256 of a key, hexadecimal. A key is as random as the digest is long, so it needs no salt."""
    return hashlib.sha256(text.encode()).hexdigest()
