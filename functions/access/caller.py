"""Who sends a request."""

from typing import Literal

import msgspec

from service.scopes import Scope


class Caller(msgspec.Struct, frozen=True):
    """The sender of a request: `id` stands for it in queues, budgets and the log; `scopes` is what it may do.

    `via` is where the permission comes from: this machine's address, a setting that serves everybody, the platform, a
    signed link, or a verified sender of events.
    """

    id: str
    scopes: frozenset[Scope]
    via: Literal["local", "anyone", "platform", "link", "sender"]
