"""What a batch adds to the work itself: CPU of an object beside a plain loop over the same files, interleaved."""

import resource
import time
from pathlib import Path
from typing import NamedTuple

import cv2

from core.output import Output
from service.batch.batch import Batch, BatchOptions, open_batch
from service.batch.listing import Share
from service.batch.pool import Pool
from service.batch.row import Item
from service.batch.work import Spent

_ROUND = 25


class Overhead(NamedTuple):
    """Core-seconds an object: a plain loop, the batch's work alone, and what handing out adds in both processes."""

    plain: float
    work: float
    handing: float

    @property
    def more(self) -> float:
        """What a batch adds."""
        return self.work - self.plain + self.handing

    def __str__(self) -> str:
        plain, work, handing, more = (f"{seconds * 1000:.2f}" for seconds in (*self, self.more))
        return f"plain {plain} ms, looks, marks and writes {work}, handing out {handing}: {more} more"


def overhead(source: Path, target: Path, objects: int) -> Overhead:
    """Measure it with so many objects."""
    cv2.setNumThreads(1)
    batch = open_batch(BatchOptions(source=str(source), target=str(target), pipeline="resize:48", format="webp"), {})
    batch.places.make()
    store = batch.stores(Spent()).of(batch.selection.prefix)
    entries = batch.selection.entries(store, Share())
    items = [
        Item(number, entry.address.key, entry.size) for number, entry in zip(range(objects), entries, strict=False)
    ]
    work, loose = batch.work(), target.with_name("loose")
    loose.mkdir()
    _plainly(batch, source / items[0].key, loose / "first")
    work.process(Item(0, "none.jpg", 0))
    plain = marked = 0.0
    for begin in range(0, len(items), _ROUND):
        some = items[begin : begin + _ROUND]
        began = time.process_time()
        for item in some:
            _plainly(batch, source / item.key, loose / str(item.number))
        between = time.process_time()
        rows = [work.process(item) for item in some]
        plain, marked = plain + between - began, marked + time.process_time() - between
        assert all(row.wrote == 1 or row.failed for row in rows)
    return Overhead(plain / len(items), marked / len(items), _handing(items))


def _plainly(batch: Batch, file: Path, result: Path) -> None:
    """The work itself: read, process, write."""
    data, processor, target = file.read_bytes(), batch.service.processor, batch.rules.rules[0].targets[0]
    output = Output(name="result", pipeline=target.pipeline, format="webp", options=target.options)
    (made,) = processor.process(data, processor.probe(data), [output], processor.context())
    result.write_bytes(made.data)


def _handing(items: list[Item]) -> float:
    """Core-seconds an object to hand it out to a process that does nothing, and to take its row."""
    from service.batch.row import BatchRow

    before = _spent()
    pool = Pool(lambda: lambda item: BatchRow(source=item.key, size=item.size, outcome="done"), 2, 1)
    assert sum(1 for _ in pool.run(iter(items), lambda: None)) == len(items)
    pool.close()
    return (_spent() - before) / len(items)


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
