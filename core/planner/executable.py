"""What a pipeline becomes before it is run, and what a rule that changes it looks like."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from core.picture import Origin, Size
from core.pipeline import Pipeline


class Fired(msgspec.Struct, frozen=True):
    """A rule that changed something: its name, and what it did, in words for people."""

    rule: str
    did: str


class Executable(msgspec.Struct, frozen=True):
    """A pipeline as it is run: its steps, and how the source is decoded for them.

    `scale`: each side of the source is decoded at 1/`scale`. `luma`: only its brightness. `averaged`: colour stored at
    half the resolution is repeated, not interpolated. A decoder may give more than that; the steps fit both.
    `image` says that a picture is encoded, `header` that nothing need be decoded.
    """

    pipeline: Pipeline
    image: bool = True
    header: bool = False
    scale: int = 1
    luma: bool = False
    averaged: bool = False
    fired: tuple[Fired, ...] = ()

    def after(self, rule: str, did: str, **changed: object) -> "Executable":
        """The same after a rule that did something."""
        return msgspec.structs.replace(self, fired=(*self.fired, Fired(rule, did)), **changed)

    def decoded(self, size: Size) -> Size:
        """The size at which a source of this size is decoded."""
        return Size(-(-size.width // self.scale), -(-size.height // self.scale))


class Rewrite(NamedTuple):
    """One change that makes work less.

    `apply` returns the executable as it was where the rule does not fit. `exact`: not a byte of the result changes;
    else `revision` is part of every digest, and is raised when the rule makes other pixels.
    """

    name: str
    summary: str
    apply: Callable[[Executable, Origin], Executable]
    exact: bool
    revision: int = 1
