"""The frames of a source, decoded once for all who want them alike."""

from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import NamedTuple

from core import codecs
from core.codecs import Colours, DecodeHints
from core.picture import Origin, Picture
from core.planner.moves import blank
from core.run import Context


class Decoding(NamedTuple):
    """What settles the decoded frames beside the source: those of equal decodings are equal."""

    hints: DecodeHints
    colours: Colours
    gain_map: bool = False
    header: bool = False


class Frames:
    """The frames of one decoding, for so many outputs that go through them, some more than once.

    For one output they are decoded whenever it goes through them, one at a time. For several they are decoded once, as
    far as anybody goes, and kept until the last has released them.
    """

    def __init__(self, data: bytes, origin: Origin, decoding: Decoding, context: Context, readers: int) -> None:
        self._decode = partial(_decoded, data, origin, decoding, context)
        self._readers = readers
        self._source = self._decode() if readers > 1 else None
        self._kept: list[Picture] = []

    def __iter__(self) -> Iterator[Picture]:
        return self._decode() if self._source is None else self._shared(self._source)

    def _shared(self, source: Iterator[Picture]) -> Iterator[Picture]:
        for number in count():
            if number == len(self._kept):
                frame = next(source, None)
                if frame is None:
                    return
                self._kept.append(frame)
            yield self._kept[number]

    def release(self) -> None:
        """One output has what it wants."""
        self._readers -= 1
        if not self._readers:
            self._kept.clear()


def _decoded(data: bytes, origin: Origin, decoding: Decoding, context: Context) -> Iterator[Picture]:
    if decoding.header:
        yield blank(origin)
        return
    frames = codecs.decode(
        data,
        origin,
        limits=context.limits,
        hints=decoding.hints,
        colours=decoding.colours,
        gain_map=decoding.gain_map,
        deadline=context.deadline,
    )
    while True:
        context.deadline.check("decode")
        with context.probe.span("decode"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame
