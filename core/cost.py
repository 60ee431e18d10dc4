"""What a request is expected to cost, before any of it is done."""

import msgspec


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The expected cost of a request: `work` in seconds of one core, `memory` in bytes at its peak."""

    work: float = 0.0
    memory: int = 0
