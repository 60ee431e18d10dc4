"""Frames through one web socket, and whether speed or memory drift.

python -m tests.functions.server.proofs.live [--frames 10000]

Afterwards the server is compared with one that has just started, frames to both in turn: exit code 1 if it answers
fewer in a core-second, or if its memory grew since two fifths, by more than 5 %.
"""

import argparse
import sys
from functools import partial

from bench.live import PATIENT, TURNS, Steady, steady
from bench.server import serving


def proved(frames: int, turns: int = TURNS) -> Steady:
    """What a server of one worker shows, with the detector that is part of this repository."""
    return steady(partial(serving, 1, **PATIENT), frames, turns)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    found = proved(parser.parse_args().frames)
    sys.stdout.write(f"{found.frames} frames, {found.rate:.0f} a second; {found.drift}\n")
    return int(not found.is_met)


if __name__ == "__main__":
    sys.exit(main())
