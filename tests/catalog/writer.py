"""Another process that writes to a catalog's file: `python -m tests.catalog.writer FILE SEED HOW`.

`churn` puts, changes and removes for ever and says what was acknowledged: id, revision and state, or a dash for a
removed row; it is alone with the file. `fill` puts rows of its own for ever. `count` adds one to a shared row's bytes a
hundred times, by compare-and-swap.
"""

import itertools
import random
import sys
from pathlib import Path

import msgspec

from catalog.row import Row
from catalog.sqlite import SqliteCatalog
from tests.catalog.support import row

KEYS = 40


def churn(catalog: SqliteCatalog, seed: int) -> None:
    dice = random.Random(seed)
    while True:
        key = row(dice.randrange(KEYS))
        old = catalog.get(key.id, hidden=True)
        if old and old.state == "deleting":
            print(key.id, "-", catalog.delete(old), flush=True)  # noqa: T201
        elif old and dice.random() < 0.5:
            said(catalog.change(old, "deleting" if old.state == "ready" else "ready"))
        else:
            shape = row(dice.getrandbits(30), state=dice.choice(("pending", "ready")))
            said(catalog.put(msgspec.structs.replace(shape, id=key.id, source=key.source, sha256=key.sha256)))


def fill(catalog: SqliteCatalog, seed: int) -> None:
    for number in itertools.count():
        said(catalog.put(row(1000 * (seed + 1) + number)))


def said(stored: Row | None) -> None:
    assert stored
    print(stored.id, stored.revision, stored.state, flush=True)  # noqa: T201


def count(catalog: SqliteCatalog) -> None:
    done = 0
    while done < 100:
        old = catalog.get(row(0).id)
        assert old
        done += catalog.put(msgspec.structs.replace(old, bytes=old.bytes + 1), over=old.revision) is not None
    catalog.put(row(int.from_bytes(sys.argv[2].encode(), "big"), bytes=1))


if __name__ == "__main__":
    opened = SqliteCatalog(Path(sys.argv[1]), wait=120)
    if sys.argv[3] in {"churn", "fill"}:
        {"churn": churn, "fill": fill}[sys.argv[3]](opened, int(sys.argv[2]))
    count(opened)
    opened.close()
