"""Processes: rows in order, deaths, and stops."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.batch.errors import BatchError
from service.batch.pool import Pool, Process
from service.batch.row import BatchRow, Item

pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # that it forks beside threads


def some(count: int) -> Iterator[Item]:
    return (Item(number, str(number), number) for number in range(count))


def row(item: Item, code: str = "") -> BatchRow:
    return BatchRow(source=item.key, size=item.size, outcome="done", code=code, attempts=item.attempt)


def slow_first(item: Item) -> BatchRow:
    time.sleep(0.2 if item.number == 0 else 0)
    return row(item)


def deadly(item: Item) -> BatchRow:
    """Every seventh ends its process twice."""
    time.sleep(0.02)
    if item.number % 7 == 3 and item.attempt < 3:
        os._exit(9)
    return row(item)


def rows(pool: Pool, count: int) -> list[BatchRow]:
    found = list(pool.run(some(count), lambda: None))
    pool.close()
    return found


@pytest.mark.parametrize(("size", "threads"), [(1, 1), (2, 1), (3, 4)])
def test_rows_come_in_order(size: int, threads: int) -> None:
    assert [one.source for one in rows(Pool(lambda: slow_first, size, threads), 100)] == [str(n) for n in range(100)]


@pytest.mark.parametrize(("size", "threads"), [(1, 1), (2, 1), (2, 3)])
def test_what_ends_a_process_is_tried_again_alone(size: int, threads: int) -> None:
    found = rows(Pool(lambda: deadly, size, threads), 30)
    assert [one.source for one in found] == [str(n) for n in range(30)]
    assert [one.attempts for one in found if int(one.source) % 7 == 3] == [3] * 4
    blamed = sum(one.attempts - 1 for one in found if int(one.source) % 7 != 3)
    assert blamed <= 4 * (threads - 1), "its neighbours are blamed once, for it is alone the second time"


def test_stopping_finishes_what_is_handed_out() -> None:
    pool = Pool(lambda: row, 2, 1)
    taken: list[int] = []

    def items() -> Iterator[Item]:
        for item in some(1000):
            taken.append(item.number)
            pool.stopping = item.number >= 50
            yield item

    found = list(pool.run(items(), lambda: None))
    pool.close()
    assert len(found) == len(taken) < 60


def test_processes_that_cannot_begin_end_the_run() -> None:
    pool = Pool(lambda: os._exit(9), 2, 1)
    with pytest.raises(BatchError, match="before they can work"):
        list(pool.run(some(3), lambda: None))
    pool.kill()


def test_a_process_that_cannot_begin_is_replaced_and_nothing_is_blamed(tmp_path: Path) -> None:
    def begin() -> Process:
        try:
            (tmp_path / "first").touch(exist_ok=False)
        except FileExistsError:
            return row
        os._exit(9)

    found = rows(Pool(begin, 2, 1), 30)
    assert [(one.source, one.attempts) for one in found] == [(str(n), 1) for n in range(30)]


def test_no_items_no_rows() -> None:
    assert rows(Pool(lambda: row, 2, 1), 0) == []


def test_what_lists_may_fail() -> None:
    def broken() -> Iterator[Item]:
        yield from some(5)
        raise ValueError("the listing")

    pool = Pool(lambda: row, 1, 1)
    with pytest.raises(ValueError, match="the listing"):
        list(pool.run(broken(), lambda: None))
    pool.kill()
