"""Who sends a request."""

import math
from typing import Literal

import msgspec

from service.keys.key import Key
from service.scopes import Scope


class Caller(msgspec.Struct, frozen=True):
    """The sender of a request: `id` stands for it in queues, budgets and the log; `scopes` is what it may do.

    `via` is where the permission comes from: this machine's address, a setting that serves everybody, the platform, a
    key, a token, the cookie of a person who logged in with a key, a signed link, or a verified sender of events.
    `key` is what is charged; a token is valid `until` a time (Unix seconds).
    """

    id: str
    scopes: frozenset[Scope]
    via: Literal["local", "anyone", "platform", "key", "token", "cookie", "link", "sender"]
    key: Key | None = None
    until: float = math.inf
    is_ambient: bool = False
    """The browser brings the permission along, whichever page asks: it is a cookie or this machine's address."""
    is_cross_site: bool = False
    """Another site's page asks, and the permission is ambient: nothing is stored or loaded for it."""
