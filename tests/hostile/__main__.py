"""`python -m tests.hostile`: hundreds of hostile bodies against a server, judged by CPU and memory; 1 if one is beyond.

`--only TEXT` takes those whose name has it, `--sizes` the lengths in bytes.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conftest import DATA
from tests.hostile.bodies import DOORS, SMALL, to_a_network
from tests.hostile.measuring import Server, measured
from tests.hostile.table import HEAD, LARGE, LITTLE, MEDIUM, Case, Row, cases, files, measure, warm_up

_NETWORK = "network"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--sizes", default=f"{LITTLE},{MEDIUM},{LARGE}", help="lengths in bytes")
    parser.add_argument("--doors", default=",".join(DOORS), help="doors for pictures")
    given = parser.parse_args()
    sizes, doors = [int(size) for size in given.sizes.split(",")], [door for door in given.doors.split(",") if door]
    sys.stdout.write(f"{HEAD}\n")
    rows = [*_rows(_all(sizes, [door for door in doors if door != _NETWORK]), given.only)]
    if _NETWORK in doors:
        rows += _rows(cases(sizes, [_NETWORK], bodies=False), given.only)
    _summary(rows)
    return 1 if any(row.broken for row in rows) else 0


def _all(sizes: list[int], doors: list[str]) -> Iterator[Case]:
    yield from files(DATA / "hostile")
    yield from cases(sizes, doors)


def _rows(wanted: Iterable[Case], only: str) -> Iterator[Row]:
    """The cases' rows, from a server of their own, as they come."""
    with tempfile.TemporaryDirectory() as folder, measured(Path(folder)) as server:
        warm_up(server)
        loaded = 0.0
        for case in (case for case in wanted if only in case.name):
            if case.name.endswith(_NETWORK) and not loaded:
                loaded = _loaded(server)
            row = measure(server, case, loaded)
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
            yield row


def _loaded(server: Server) -> float:
    """MiB that a network and its runtime take."""
    before = server.resident()
    for _ in range(2):
        server.ask(to_a_network(SMALL))
    return server.resident() - before


def _summary(rows: list[Row]) -> None:
    worst = sorted(rows, key=lambda row: row.cost.seconds / row.allowed, reverse=True)[:20]
    sys.stdout.write("\nThe dearest beside what is allowed:\n" + "".join(f"{row}\n" for row in worst))
    sys.stdout.write(f"\n{len(rows)} bodies, {sum(bool(row.broken) for row in rows)} beyond the rule\n")


if __name__ == "__main__":
    sys.exit(main())
