"""The long form: `python -m tests.core.privacy --chains 20000`. Exit 1 where anything leaks, or too much is refused."""

import argparse
import multiprocessing
import sys
from collections import Counter
from functools import partial
from itertools import product

import cv2
import numpy as np

from tests.core.privacy.chains import Verdict, judged
from tests.core.privacy.moving import share_uncovered

_STEP = 500
_REFUSED = 0.40
_MOVERS = 100
_FOLLOWED = {
    "boxes": "detect:things/redact:margin=0",
    "masks": "detect:outlines/redact:area=mask,margin=0",
    "maps": "segment:street/redact:area=mask,margin=0",
}


def main() -> int:
    """Run the chains on all workers, then the movers."""
    parser = argparse.ArgumentParser(prog="python -m tests.core.privacy", description=__doc__)
    parser.add_argument("--chains", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    failed = _chains(told.chains, told.seed, told.workers)
    return int(_movers() or failed)


def _chains(count: int, seed: int, workers: int) -> bool:
    tally, levels = Counter[str](), Counter[int]()
    with multiprocessing.get_context("spawn").Pool(workers, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        verdicts = pool.imap_unordered(partial(judged, seed=seed), range(count), chunksize=20)
        for number, verdict in enumerate(verdicts, 1):
            tally[verdict.what] += 1
            levels[verdict.levels] += verdict.what != "refused"
            _tell(verdict, number, count, tally)
    refused = tally["refused"] / count
    print(f"{count} chains, seed {seed}: {tally['leak']} leak, {refused:.1%} refused; levels apart: {dict(levels)}")
    return bool(tally["leak"]) or refused > _REFUSED


def _tell(verdict: Verdict, number: int, count: int, tally: Counter[str]) -> None:
    if verdict.what == "leak":
        print(f"LEAK of {verdict.levels} levels: {verdict.text}", flush=True)
    if number % _STEP == 0:
        print(f"{number} of {count}: {dict(tally)}", flush=True)


def _movers() -> bool:
    """Things that frames miss: none of their pixels may be seen at an even speed; at another the share is printed."""
    leaks = False
    for (name, text), gap in product(_FOLLOWED.items(), (1, 2, 3)):
        rng = np.random.default_rng(gap)
        shares = {pull: share_uncovered(rng, pull, gap, text, _MOVERS) for pull in (0.0, 0.5, 1.0, 2.0, 4.0)}
        leaks |= shares[0.0] > 0
        shown = ", ".join(f"{share:.2%} at {pull:g}" for pull, share in shares.items())
        print(f"{name}, missed by {gap} of 12 frames, pixels a frame² of acceleration: uncovered {shown}", flush=True)
    return leaks


if __name__ == "__main__":
    sys.exit(main())
