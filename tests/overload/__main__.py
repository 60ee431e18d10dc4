"""`make prove-overload`: goodput, latency and refusals at 3 and 10 times the capacity, under both servers.

python -m tests.overload [--seconds 300] [--server "our server"]
"""

import argparse
import os
import sys

from tests.overload import measure
from tests.overload.measure import RESIZE, TO_WEBP, Work
from tests.overload.server import COMMANDS, on_core, pinned

LOADS: list[tuple[Work, float, float]] = [(TO_WEBP, 3, 0.85), (TO_WEBP, 10, 0.0), (RESIZE, 3, 0.75)]
"""What is sent, how many times the capacity, and the least goodput, a share of it."""
PLACES = 2
"""One core, and as many waiting."""


def main() -> int:
    """Measure, print, and say whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0, help="length of each load")
    parser.add_argument("--server", choices=list(COMMANDS), action="append", help="only this one")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The server and the load need a core each.")
    with on_core(cores[1]):
        kept = [_proved(kind, cores[0], given.seconds) for kind in given.server or COMMANDS]
    return 0 if all(kept) else 1


def _proved(kind: str, core: int, seconds: float) -> bool:
    print(f"== {kind}, on one core", flush=True)
    with pinned(kind, core, DARKROOM_QUEUE="0") as server:
        refusals = {work: measure.refusal_work(server, work, 100) for work, _, _ in LOADS}
    kept = True
    for work, times, least in LOADS:
        with pinned(kind, core) as server:
            calm = measure.unloaded(server, work, min(30.0, seconds))
            loaded = measure.overloaded(server, work, calm, times, seconds)
        share = refusals[work] / calm.work
        print(
            f"{work.name}: {calm.work * 1000:.0f} ms of CPU, {calm.capacity:.2f} a second, "
            f"{calm.latency * 1000:.0f} ms; a refusal {refusals[work] * 1000:.2f} ms (r = {share:.4f})\n"
            f"  at {times:g} ×: {loaded.sent} sent, {len(loaded.accepted)} done, {len(loaded.refused)} refused "
            f"(median {measure.percentile(loaded.refused, 0.5) * 1000:.0f} ms)"
        )
        for text, holds in measure.verdicts(calm, loaded, share, PLACES, least).items():
            print(f"    {'✓' if holds else '✗'} {text}", flush=True)
            kept = kept and holds
    return kept


if __name__ == "__main__":
    sys.exit(main())
