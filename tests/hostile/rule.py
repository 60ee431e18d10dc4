"""The rule: before admission a request may cost a quarter of a second, and 20 ms of CPU a MiB of its unpacked body.

Once it is admitted, it may cost half as much again as was declared for it, and so much memory beside 256 MiB: what its
work needs, and its body as often as admission counts it.
"""

from typing import NamedTuple

from service.admission import BODY_COPIES
from tests.hostile.measuring import Cost

SECONDS, SECONDS_OF_A_MEBIBYTE = 0.25, 0.02
DECLARED = 1.5
MEBIBYTES = 256.0


class Declared(NamedTuple):
    """What admission is told of a request: seconds of work, MiB of memory."""

    seconds: float = 0.0
    mebibytes: float = 0.0


def allowed_seconds(mebibytes: float, declared: Declared) -> float:
    """CPU that a request with so long a body may cost."""
    return SECONDS + SECONDS_OF_A_MEBIBYTE * mebibytes + DECLARED * declared.seconds


def broken(cost: Cost, mebibytes: float, declared: Declared) -> list[str]:
    """What a request exceeds."""
    found = []
    if cost.seconds > allowed_seconds(mebibytes, declared):
        found.append("CPU")
    if cost.peak > MEBIBYTES + declared.mebibytes + BODY_COPIES * mebibytes:
        found.append("memory")
    if cost.status >= 500:
        found.append("status")
    return found
