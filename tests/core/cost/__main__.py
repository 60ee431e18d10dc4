"""The long form: `python -m tests.core.cost --pipelines 200`.

Random pictures through random pipelines into random formats. What is declared is of one machine, so the speed of this
one is measured too, by other requests that are run in between. Exit 1 where fewer than nine of ten take what they
declare at that speed, within ± 50 %, or where any takes 256 MiB more memory than it declares.
"""

import argparse
import itertools
import sys

from tests.core.cost.requests import SLACK, Measured, measured, nearest

_TOLERANCE, _SHARE = 0.5, 0.9
_NEAR = 0.3
"""Told as well: what pictures hold decides the rest, above all what an encoder takes for it."""
_OTHERS = 0.6
"""Requests by which the machine's speed is measured, for each that is judged."""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.cost", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--all", action="store_true", help="print every request, not only those that miss")
    asked = parser.parse_args()
    others, raw = _measured(asked.pipelines, asked.seed)
    speed = nearest([one.ratio for one in others])
    found = [one._replace(declared=one.declared / speed) for one in raw]
    print(f"this machine: {speed:.2f} × as fast as what is declared, by {len(others)} other requests")
    for one in found:
        if asked.all or not one.within(_TOLERANCE) or one.peak > one.memory + SLACK:
            print(_row(one))
    share = sum(one.within(_TOLERANCE) for one in found) / len(found)
    over = sum(one.peak > one.memory + SLACK for one in found)
    print(
        f"{len(found)} requests, seed {asked.seed}: {share:.1%} within ± {_TOLERANCE:.0%} (target {_SHARE:.0%}), "
        f"{sum(one.within(_NEAR) for one in found) / len(found):.1%} within ± {_NEAR:.0%}, "
        f"{over} above the memory they declare + {SLACK >> 20} MiB"
    )
    return int(share < _SHARE or over > 0)


def _measured(count: int, seed: int) -> tuple[list[Measured], list[Measured]]:
    """The others and those that are judged, in turns: a machine is not as fast at all times."""
    judged, other = measured(count, seed), measured(round(_OTHERS * count), seed + 1)
    others, found = list[Measured](), list[Measured]()
    for one in judged:
        found.append(one)
        if len(others) < _OTHERS * len(found):
            others += itertools.islice(other, 1)
    return others, found


def _row(one: Measured) -> str:
    return (
        f"{one.ratio:6.2f} {one.declared * 1e3:8.1f} / {one.taken * 1e3:8.1f} ms "
        f"{one.memory >> 20:5} / {one.peak >> 20:5} MiB  {one.text}\n        {one.parts}"
    )


if __name__ == "__main__":
    sys.exit(main())
