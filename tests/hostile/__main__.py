"""`python -m tests.hostile`: hundreds of hostile bodies against a server, judged by CPU and memory; 1 if one is beyond.

`--only TEXT` takes those whose name has it, `--sizes` the lengths in bytes.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import DATA
from tests.hostile.bodies import DOORS
from tests.hostile.measuring import Server, measured
from tests.hostile.table import HEAD, LARGE, LITTLE, MEDIUM, Case, Row, cases, files, measure, warm_up


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--sizes", default=f"{LITTLE},{MEDIUM},{LARGE}", help="lengths in bytes")
    parser.add_argument("--doors", default=",".join(DOORS), help="doors for pictures")
    given = parser.parse_args()
    sizes, doors = [int(size) for size in given.sizes.split(",")], given.doors.split(",")
    wanted = (case for case in _all(sizes, doors) if given.only in case.name)
    with tempfile.TemporaryDirectory() as folder, measured(Path(folder)) as server:
        rows = _measured(server, wanted)
    _summary(rows)
    return 1 if any(row.broken for row in rows) else 0


def _all(sizes: list[int], doors: list[str]) -> Iterable[Case]:
    yield from files(DATA / "hostile")
    yield from cases(sizes, [door for door in doors if door != "network"])


def _measured(server: Server, wanted: Iterable[Case]) -> list[Row]:
    warm_up(server)
    sys.stdout.write(f"{HEAD}\n")
    rows = []
    for case in wanted:
        rows.append(measure(server, case))
        sys.stdout.write(f"{rows[-1]}\n")
        sys.stdout.flush()
    return rows


def _summary(rows: list[Row]) -> None:
    worst = sorted(rows, key=lambda row: row.cost.seconds / row.allowed, reverse=True)[:20]
    sys.stdout.write("\nThe dearest beside what is allowed:\n" + "".join(f"{row}\n" for row in worst))
    sys.stdout.write(f"\n{len(rows)} bodies, {sum(bool(row.broken) for row in rows)} beyond the rule\n")


if __name__ == "__main__":
    sys.exit(main())
