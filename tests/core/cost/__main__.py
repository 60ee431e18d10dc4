"""The long form: `python -m tests.core.cost --pipelines 200`.

Random pictures through random pipelines into random formats. What is declared is of one machine, so the speed of this
one is measured first, by other requests. Exit 1 where fewer than nine of ten take what they declare at that speed,
within ± 50 %, or where any takes 256 MiB more memory than it declares.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator

from tests.core.cost.requests import SLACK, Measured, measured

_TOLERANCE, _SHARE = 0.5, 0.9
_OTHERS = 60
"""Requests by which the machine's speed is measured."""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.cost", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--all", action="store_true", help="print every request, not only those that miss")
    asked = parser.parse_args()
    speed = statistics.median(one.ratio for one in measured(_OTHERS, asked.seed + 1))
    print(f"this machine: {speed:.2f} × as fast as what is declared, by {_OTHERS} other requests", flush=True)
    found = list(_told(asked.pipelines, asked.seed, speed, every=asked.all))
    share = sum(one.within(_TOLERANCE) for one in found) / len(found)
    over = sum(one.peak > one.memory + SLACK for one in found)
    print(
        f"{len(found)} requests, seed {asked.seed}: {share:.1%} within ± {_TOLERANCE:.0%} (target {_SHARE:.0%}), "
        f"{over} above the memory they declare + {SLACK >> 20} MiB"
    )
    return int(share < _SHARE or over > 0)


def _told(count: int, seed: int, speed: float, *, every: bool) -> Iterator[Measured]:
    for asked in measured(count, seed):
        one = asked._replace(declared=asked.declared / speed)
        if every or not one.within(_TOLERANCE) or one.peak > one.memory + SLACK:
            print(
                f"{one.ratio:6.2f} {one.declared * 1e3:8.1f} / {one.taken * 1e3:8.1f} ms "
                f"{one.memory >> 20:5} / {one.peak >> 20:5} MiB  {one.text[:200]}",
                flush=True,
            )
        yield one


if __name__ == "__main__":
    sys.exit(main())
