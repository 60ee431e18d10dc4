"""The table of a container's requests: its rows, its order, and what a full one says."""

from pathlib import Path

import pytest

from service.request_table import DONE, READING, ROWS, RUNNING, WAITING, RequestTable


def test_rows_are_used_again() -> None:
    table = RequestTable()
    with table:
        first, second, third = (table.add(READING, 7, 10, 0.0) for _ in range(3))
        assert (first, second, third) == (0, 1, 2)
        assert (table.used, table.own, table.memory_held()) == (3, 3, 30)
        table.remove(1)
        assert table.used == 3
        assert table.add(WAITING, 8, 1, 0.0) == 1
        for row in (2, 1, 0):
            table.remove(row)
        assert (table.used, table.own, table.memory_held()) == (0, 0, 0)


def test_a_row_leaves_nothing_to_the_next() -> None:
    table = RequestTable()
    with table:
        row = table.add(RUNNING, 7, 10, 5.0)
        assert row is not None
        table.queue(row)
        table.wanted[row], table.work[row] = 9, 3.0
        table.remove(row)
        assert table.add(DONE, 0, 0, 0.0) == row
        assert (table.ticket[row], table.wanted[row], table.work[row], table.client[row]) == (0, 0, 0.0, 0)


def test_callers_take_turns() -> None:
    table = RequestTable()
    with table:
        assert table.by_turns() == []
        rows = [table.add(WAITING, client, 0, 0.0) or 0 for client in (7, 7, 8)]
        for row in (rows[1], rows[0], rows[2]):
            table.queue(row)
        assert table.by_turns() == [rows[1], rows[0], rows[2]]
        table.note_turn(rows[1])
        table.remove(rows[1])
        assert table.by_turns() == [rows[2], rows[0]]


@pytest.mark.parametrize(("older", "wins"), [(1, "younger"), (2, "older")])
def test_a_process_that_computes_is_overtaken_by_a_little(older: int, wins: str) -> None:
    """The younger of two requests comes first where the older's process computes, unless it is two tickets younger."""
    table = RequestTable()
    with table:
        rows = [table.add(RUNNING, 1, 0, 0.0), table.add(WAITING, 1, 0, 0.0), table.add(WAITING, 1, 0, 0.0)]
        running, first, second = (row for row in rows if row is not None)
        table.owner[second] = table.owner[running] + 1
        table.queue(first)
        for _ in range(older):
            table.queue(second)
        assert table.by_turns()[0] == {"older": first, "younger": second}[wins]


def test_a_full_table_says_so() -> None:
    table = RequestTable()
    with table:
        assert [table.add(DONE, 0, 0, 0.0) for _ in range(ROWS)] == list(range(ROWS))
        assert table.add(DONE, 0, 0, 0.0) is None
        table.remove(5)
        assert table.add(DONE, 0, 0, 0.0) == 5


def test_the_least_that_is_in_use() -> None:
    table = RequestTable()
    with table:
        for used, now in ((300, 1.0), (100, 2.0), (200, 3.0)):
            table.set_idle(used, now)
    assert (table.idle, table.least_idle) == ((200, 3.0), 100)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_table_that_is_gone_keeps_no_file_open() -> None:
    before = open_files()
    for _ in range(10):
        RequestTable()
    assert open_files() <= before + 1
