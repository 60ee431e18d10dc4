"""The long form: `python -m tests.core.planner --pipelines 20000`.

Random pipelines over forty pictures, run by the rules and by none. Exit 1 where an exact rule changed a byte, or where
results of smaller decodings are less alike than promised.
"""

import argparse
import sys
from collections import Counter
from statistics import median

from tests.core.planner.plans import Judged, judged, pictures

MEDIAN, LEAST = 42.0, 32.0
"""dB between a result by all rules and by none, where an approximate rule fired."""
LEAST_SOFTENED = 39.0
"""The same where a picture was decoded smaller for a blur."""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.planner", description=__doc__)
    parser.add_argument("--pipelines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=17)
    asked = parser.parse_args()
    found = list(judged(asked.pipelines, asked.seed))
    differing = [one for one in found if not one.same]
    for one in differing[:20]:
        print(f"not exact: {one.text} on {one.picture}")
    counts = Counter(rule for one in found for rule in one.fired)
    print(f"{len(found)} pipelines over {len(pictures())} pictures, seed {asked.seed}: {len(differing)} not exact")
    print("fired: " + ", ".join(f"{rule} {many} ({many / len(found):.1%})" for rule, many in counts.most_common()))
    shrunk = [one for one in found if "soften" not in one.fired]
    good = [_told(f"1/{scale}", [one for one in shrunk if one.scale == scale]) for scale in (2, 4, 8)]
    good.append(_told("soften", [one for one in found if "soften" in one.fired], LEAST_SOFTENED))
    good.append(_told("chroma", [one for one in found if one.scale == 1 and "chroma" in one.fired]))
    good.append(_told("luma", [one for one in found if one.scale == 1 and "luma" in one.fired]))
    return int(bool(differing) or not all(good))


def _told(name: str, found: list[Judged], promised: float = LEAST) -> bool:
    """Whether these are alike as promised; prints how alike they are."""
    if not found:
        return True
    middle, least = median(one.alike for one in found), min(found, key=lambda one: one.alike)
    lowest = f"lowest {least.alike:.1f} dB ({least.text} on {least.picture})"
    print(f"{name}: {len(found)} results, median {middle:.1f} dB, {lowest}")
    return middle >= MEDIAN and least.alike >= promised


if __name__ == "__main__":
    sys.exit(main())
