"""Faults of networks and busy stores. A rule says which calls they affect, and how often."""

import random
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

Kind = Literal["reset", "lost", "429", "500", "503", "503-after", "409", "slow", "stall", "cut", "flip", "forget"]
"""
- `reset`: the connection is reset before the call reaches the store.
- `lost`: the call takes effect, and the connection is reset before the answer.
- `429`, `500`, `503`, `409`: this status, without effect. `503-after`: the call takes effect, and the answer is 503.
- `slow`: the answer's body comes in ten pieces, `seconds` in all. `stall`: nothing for `seconds`, then a reset.
- `cut`: the answer's body ends in the middle. `flip`: one byte of it is another.
- `forget`: the call's preconditions are neither enforced nor forwarded, as by a store that ignores them.
"""
Op = Literal["read", "stat", "write", "list", "delete", "other"]


class Rule(msgspec.Struct):
    """A fault for calls of `op` on keys like `key`: at a rate, `times` times (-1: always), after `skip` of them."""

    kind: Kind
    op: Op | Literal["*"] = "*"
    key: str = "*"
    rate: float = 1.0
    times: int = -1
    skip: int = 0
    seconds: float = 1.0
    retry_after: int | None = None

    def takes(self, op: str, key: str, dice: random.Random) -> bool:
        """Whether this call is affected; counts it if so."""
        if self.times == 0 or self.op not in {"*", op} or not fnmatchcase(key, self.key) or dice.random() >= self.rate:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= self.times > 0
        return True


class Plan:
    """The active rules, tried in order; the first that matches a call applies."""

    def __init__(self, seed: int) -> None:
        self.rules: list[Rule] = []
        self.counts: dict[str, int] = {}
        self._dice = random.Random(seed)

    def befalls(self, op: str, key: str) -> Rule | None:
        """The rule for this call, or None."""
        for rule in self.rules:
            if rule.takes(op, key, self._dice):
                self.counts[rule.kind] = self.counts.get(rule.kind, 0) + 1
                return rule
        return None
