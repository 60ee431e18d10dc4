"""`make prove-overload`, `make prove-memory`: the long forms, which print what they measure.

python -m tests.overload load [--seconds 300] [--server "our server"]
python -m tests.overload memory [--rounds 20]
"""

import argparse
import os
import sys
from collections import Counter

from tests.overload import large, measure, memory
from tests.overload.measure import RESIZE, TO_WEBP, Work
from tests.overload.server import COMMANDS, on_core, pinned

LOADS: list[tuple[Work, float, float]] = [(TO_WEBP, 3, 0.85), (TO_WEBP, 10, 0.0), (RESIZE, 3, 0.75)]
"""What is sent, how many times the capacity, and the least goodput, a share of it; from 10 times on it is computed."""
PLACES = 2
"""One core, and as many waiting."""


def main() -> int:
    """Measure, print, and say whether all holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "memory"])
    parser.add_argument("--seconds", type=float, default=300.0, help="length of each load")
    parser.add_argument("--server", choices=list(COMMANDS), action="append", help="only this one")
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    if given.what == "memory":
        return 0 if prove_memory(given.rounds) else 1
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("The server and the load need a core each.")
    with on_core(cores[1]):
        kept = [prove_load(kind, cores[0], given.seconds) for kind in given.server or COMMANDS]
    return 0 if all(kept) else 1


def prove_load(kind: str, core: int, seconds: float) -> bool:
    """One server under each load; whether all holds."""
    print(f"== {kind}, on one core", flush=True)
    with pinned(kind, core, DARKROOM_QUEUE="0", DARKROOM_MAX_SECONDS="300") as server:
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
            f"(median {measure.percentile(loaded.refused, 0.5) * 1000:.0f} ms); "
            f"{loaded.useful:.2f} of the server's CPU went into what was done"
        )
        for text, holds in measure.verdicts(calm, loaded, share, PLACES, least).items():
            print(f"    {'✓' if holds else '✗'} {text}", flush=True)
            kept = kept and holds
    return kept


def prove_memory(rounds: int) -> bool:
    """Rounds of ten large uploads at once, then larger ones in less memory; whether all held."""
    data, wrong = memory.upload(), 0
    print(f"Each body has {len(data) / 2**20:.1f} MiB.")
    with memory.control_group(memory.GIB) as group, memory.serving(group) as port:
        for number in range(1, rounds + 1):
            answers = memory.ten_at_once(port, data)
            found = memory.problems(answers, group.kills())
            statuses = ", ".join(f"{status} × {count}" for status, count in Counter(a.status for a in answers).items())
            mark = "✗" if found else "✓"
            print(f"{mark} {number}: {statuses}; at most {group.peak() / 2**20:.0f} MiB {'; '.join(found)}", flush=True)
            wrong += bool(found)
    print("One hundred megapixels in 512 MiB:")
    for text, holds in large.verdicts(10).items():
        print(f"{'✓' if holds else '✗'} {text}", flush=True)
        wrong += not holds
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
