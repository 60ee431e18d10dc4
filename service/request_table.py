"""The requests of one container in a table that its forked processes share; a killed process leaves nothing in it.

The table is memory that is mapped before the fork. A record lock of the kernel guards it, and each process holds a lock
of its own for as long as it lives: the kernel releases both with the process, however it ends.
"""

import ctypes
import fcntl
import mmap
import os
import threading
import weakref
from typing import Any, Final

from service import futex

FREE: Final = 0
READING: Final = 1
"""The body is being read."""
WAITING: Final = 2
RUNNING: Final = 3
DONE: Final = 4
"""The work is done, and the response is being sent."""
LENT: Final = 5
"""The work waits for others, such as those of a batch, and computes nothing."""
ROWS: Final = 4096
_PROCESSES: Final = 1024
_HEADER: Final = 72
_SWEEP: Final = 0.05
_RECENT: Final = 8
"""How many requests an average is of, about."""
_LATER: Final = 2
"""Tickets by which a request may be overtaken for each that its process computes."""
_COLUMNS = {"state": "B", "owner": "H", "wake": "I", "ticket": "q", "client": "q", "held": "q", "wanted": "q",
            "work": "d", "since": "d"}  # fmt: skip


class Visit:
    """A request of the current thread: its caller, the most bytes of its body, and its row once it has one."""

    __slots__ = ("body", "client", "row")

    def __init__(self, client: int = 0, body: int = 0) -> None:
        self.client, self.body = client, body
        self.row: int | None = None


class RequestTable:
    """One row a request. Every method but `wait` is called inside `with table:`, which holds the lock.

    `ticket` orders the rows that wait (0 for all others), `held` is bytes of memory that a row uses or has reserved,
    `wanted` further bytes that it needs to run, `work` seconds of one core, `since` the (monotonic) time of its state.
    `idle` is memory in use while there is no request, and when that was measured; `pace` seconds a core-second takes.
    """

    state: memoryview
    owner: memoryview
    wake: memoryview
    ticket: memoryview
    client: memoryview
    held: memoryview
    wanted: memoryview
    work: "memoryview[float]"
    since: "memoryview[float]"

    def __init__(self) -> None:
        size = _HEADER + ROWS * sum(ctypes.sizeof(_C[code]) for code in _COLUMNS.values())
        self._file = os.memfd_create("darkroom-requests", os.MFD_CLOEXEC)
        os.ftruncate(self._file, size)
        weakref.finalize(self, os.close, self._file)
        memory = mmap.mmap(self._file, size)
        view = memoryview(memory)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        self._counts = view[:40].cast("q")  # rows in use, tickets given, idle bytes, the fewest ever, the last caller
        self._times = view[40:_HEADER].cast("d")  # when the idle bytes were measured, pace, usual seconds
        at = _HEADER
        for name, code in sorted(_COLUMNS.items(), key=lambda column: -ctypes.sizeof(_C[column[1]])):
            length = ROWS * ctypes.sizeof(_C[code])
            setattr(self, name, view[at : at + length].cast(code))  # type: ignore[call-overload] # of _COLUMNS
            self._wakes = at if name == "wake" else getattr(self, "_wakes", 0)
            at += length
        self._reset()
        _tables.add(self)

    def _reset(self) -> None:
        """Begin as a process of its own, also after a fork: neither locks nor threads are inherited."""
        self._lock = threading.Lock()
        self._process: int | None = None
        self._swept = 0.0
        self.own = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, 0)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, 0)
        self._lock.release()

    @property
    def used(self) -> int:
        """Rows up to the last that is in use."""
        return self._counts[0]

    def add(self, state: int, client: int, held: int, now: float) -> int | None:
        """A new row of this process; None if the table is full."""
        if self._process is None:
            self._process = self._claim()
        used = self._counts[0]
        row = bytes(self.state[:used]).find(FREE)
        if row < 0:
            if used == ROWS:
                return None
            row, self._counts[0] = used, used + 1
        # A process may be killed between any two of these: a row in use always has an owner, whose death frees it.
        self.owner[row], self.state[row] = self._process, state
        self.client[row], self.held[row], self.since[row] = client, held, now
        self.own += 1
        return row

    def remove(self, row: int) -> None:
        """Free a row of this process."""
        self._clear(row)
        self.own -= 1

    def _clear(self, row: int) -> None:
        self.ticket[row] = self.client[row] = self.held[row] = self.wanted[row] = 0
        self.work[row] = 0.0
        self.state[row] = FREE
        used = self._counts[0]
        while used and not self.state[used - 1]:
            used -= 1
        self._counts[0] = used

    def count(self, state: int) -> int:
        """How many rows are in a state."""
        return bytes(self.state[: self._counts[0]]).count(state)

    def rows(self, *states: int) -> list[int]:
        """The rows in one of these states."""
        return [row for row, state in enumerate(self.state[: self._counts[0]]) if state in states]

    def by_turns(self) -> list[int]:
        """The rows that wait: those of the caller who began last come after all others, else the oldest first.

        One whose process computes already counts as a little younger: threads of one process wait for one another.
        """
        last, busy = self._counts[4], [self.owner[row] for row in self.rows(RUNNING)]
        age = {row: self.ticket[row] + _LATER * busy.count(self.owner[row]) for row in self.rows(WAITING)}
        return sorted(age, key=lambda row: (self.client[row] == last, age[row]))

    def note_turn(self, row: int) -> None:
        """Remember whose turn it was."""
        self._counts[4] = self.client[row]

    def queue(self, row: int) -> None:
        """Give a row the next ticket."""
        self._counts[1] += 1
        self.ticket[row] = self._counts[1]

    def awaken(self, row: int) -> None:
        """Wake the thread that waits for a row, in whichever process."""
        self.wake[row] = (self.wake[row] + 1) & 0xFFFFFFFF
        futex.wake(self._address + self._wakes + 4 * row)

    def wait(self, row: int, seen: int, seconds: float) -> None:
        """Sleep until a row is awakened, unless `wake` is no longer what was seen; it may return early."""
        futex.wait(self._address + self._wakes + 4 * row, seen, seconds)

    def memory_held(self) -> int:
        """Bytes that all requests hold together."""
        return sum(self.held[: self.used])

    @property
    def idle(self) -> tuple[int, float]:
        """Bytes in use while there was no request, and when that was measured; 0 if never."""
        return self._counts[2], self._times[0]

    @property
    def least_idle(self) -> int:
        """The fewest bytes in use while there was no request."""
        return self._counts[3]

    def set_idle(self, used: int, now: float) -> None:
        """Remember what is in use while there is no request."""
        self._counts[3] = min(used, self._counts[3]) if self._times[0] else used
        self._counts[2], self._times[0] = used, now

    @property
    def pace(self) -> float:
        """Seconds that a core-second of estimated work has taken of late."""
        return self._times[1] or 1.0

    @property
    def usual(self) -> float:
        """Seconds that a request has computed of late; 0 if none has."""
        return self._times[2]

    def note_run(self, seconds: float, work: float) -> None:
        """A request whose work was estimated (core-seconds, 0 if it was not) has computed for so long."""
        self._times[2] += (seconds - self.usual) / (_RECENT if self.usual else 1)
        if work > 0:
            self._times[1] = self.pace + (max(0.01, seconds / work) - self.pace) / _RECENT

    def sweep(self, now: float) -> bool:
        """Free the rows of processes that have ended; whether there were any. It looks at most every 50 ms."""
        if now - self._swept < _SWEEP:
            return False
        self._swept = now
        dead = {owner for owner in set(self.owner[: self.used]) if owner != self._process and self._ended(owner)}
        rows = [row for row in range(self.used) if self.state[row] and self.owner[row] in dead]
        for row in rows:
            self._clear(row)
        return bool(rows)

    def _ended(self, process: int) -> bool:
        return self._try_lock(process, fcntl.LOCK_UN)

    def _claim(self) -> int:
        """The lowest number of no living process; the lock that says so is held as long as this process lives."""
        number = next(number for number in range(1, _PROCESSES) if self._try_lock(number))
        for row in range(self.used):
            if self.state[row] and self.owner[row] == number:
                self._clear(row)
        return number

    def _try_lock(self, process: int, then: int | None = None) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, process)
        except OSError:
            return False
        if then is not None:
            fcntl.lockf(self._file, then, 1, process)
        return True


_C: dict[str, Any] = {
    "B": ctypes.c_uint8, "H": ctypes.c_uint16, "I": ctypes.c_uint32, "q": ctypes.c_int64, "d": ctypes.c_double,
}  # fmt: skip
_tables: "weakref.WeakSet[RequestTable]" = weakref.WeakSet()


def _after_fork() -> None:
    for table in _tables:
        table._reset()  # noqa: SLF001 - of this module


os.register_at_fork(after_in_child=_after_fork)
