"""What work costs: as a step or a codec declares it, and as it adds up for a request.

A second here is one of one core of the machine that the declarations were calibrated on (docs/decisions.md).
"""

from typing import Self

import msgspec

IDLE = 0.65
"""The share of what is declared that a core of the calibration machine takes which nobody else uses."""
_NANO, _MICRO = 1e-9 * IDLE, 1e-6 * IDLE
_OF_CHANNELS = {3: 1.0, 4: 4 / 3}


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a step or a codec declares: the sum of its parts.

    Nanoseconds: `pixel` for each BGR pixel that comes in, `made` for each that a step makes or an encoder writes,
    whatever its detail, `second` for each of a second picture, `sampled` for each of at most `samples` pixels of a step
    that looks at no more, `byte` for each of the file that is decoded. Microseconds: `fixed` for a call, `each` for
    every object found before.
    Of a grey picture `pixel`, `made` and `sampled` are the share `grey` of that, of BGRA four thirds and `alpha`
    nanoseconds a pixel; of a picture without any detail `pixel` and `sampled` are the share `flat`.
    """

    pixel: float = 0.0
    made: float = 0.0
    fixed: float = 0.0
    each: float = 0.0
    byte: float = 0.0
    second: float = 0.0
    sampled: float = 0.0
    samples: float = 0.0
    alpha: float = 0.0
    flat: float = 1.0
    grey: float = 0.4

    def seconds(
        self,
        pixels: float,
        channels: int,
        *,
        made: float = 0,
        objects: float = 0,
        nbytes: int = 0,
        second: int = 0,
        detail: float = 1.0,
    ) -> float:
        """Seconds for so many pixels of so many channels (1, 3 or 4)."""
        seen = self.flat + (1 - self.flat) * detail
        share = self.grey if channels == 1 else _OF_CHANNELS[channels]
        looked_at = self.pixel * pixels + self.sampled * min(pixels, self.samples)
        by_size = (looked_at * seen + self.made * made) * share + self.byte * nbytes
        by_size += self.second * second + self.alpha * pixels * (channels == 4)
        return by_size * _NANO + (self.fixed + self.each * objects) * _MICRO


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """The expected cost of a request: `work` in seconds of one core, `memory` in bytes at its peak."""

    work: float = 0.0
    memory: int = 0

    def __add__(self, other: Self) -> "Estimate":
        """Both at once: what one holds is held while the other works."""
        return Estimate(work=self.work + other.work, memory=self.memory + other.memory)
