"""A second picture, or another file that a step names: read once a request, whatever asks for it."""

from collections.abc import Callable
from typing import Any, TypeVar

from core import codecs
from core.limits import Deadline, Limits
from core.picture import Origin, Picture

Made = TypeVar("Made")


class SecondFile:
    """The bytes, and what was made of them so far."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._made: dict[Any, Any] = {}

    def read(self, reader: Callable[[bytes], Made]) -> Made:
        """What a reader makes of the bytes; it is asked once."""
        if reader not in self._made:
            self._made[reader] = reader(self.data)
        made: Made = self._made[reader]
        return made

    def origin(self, limits: Limits) -> Origin:
        """What the header says. Errors: those of `codecs.probe`."""
        if Origin not in self._made:
            self._made[Origin] = codecs.probe(self.data, limits)
        origin: Origin = self._made[Origin]
        return origin

    def picture(self, limits: Limits, deadline: Deadline) -> Picture:
        """The first frame. Errors: those of `codecs.decode`."""
        if Picture not in self._made:
            frames = codecs.decode(self.data, self.origin(limits), limits=limits, deadline=deadline)
            self._made[Picture] = next(frames)
        picture: Picture = self._made[Picture]
        return picture
