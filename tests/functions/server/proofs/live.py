"""Frames through one web socket, and whether speed or memory drift.

python -m tests.functions.server.proofs.live [--frames 10000]

The second fifth is compared with the last: exit code 1 if frames a core-second fell, or the
workers' memory grew, by more than 5 %.
"""

import argparse
import sys

from bench.live import Steady, steady
from bench.server import serving


def proved(frames: int) -> Steady:
    """What a server of one worker shows, with the detector that is part of this repository."""
    with serving(1, DARKROOM_QUEUE_SECONDS="60") as server:
        return steady(server, frames)


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=10_000)
    found = proved(parser.parse_args().frames)
    sys.stdout.write(f"{found.frames} frames, {found.rate:.0f} a second; {found.drift}\n")
    return int(not found.is_met)


if __name__ == "__main__":
    sys.exit(main())
