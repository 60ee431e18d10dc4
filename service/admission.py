"""Admission control: which requests of a container compute now, which wait, and which are refused.

More at once than there are cores would only cost memory, and memory that runs out ends the whole container.
"""

import math
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from core.cost import Estimate
from core.limits import Deadline
from core.run import Probe
from service.errors import NoMemoryError, QueueFullError
from service.machine import Memory
from service.memory_budget import MemoryBudget
from service.request_table import DONE, LENT, READING, RUNNING, WAITING, RequestTable, Visit

_PLACED, _QUEUED = (READING, WAITING, RUNNING, LENT), (WAITING, RUNNING, LENT)
"""States that hold a place where a request arrives, and where its body is there: then who still reads has none."""
BODY_COPIES = 2
"""How often a body is in memory while it is read: its chunks, and the whole that they are joined to."""
_READING_SECONDS = 1.0
"""How long a body may take until its request gives its place away; its memory and its thread it keeps."""
_SLICE = 0.25
"""Seconds after which a waiting request looks whether a process has been killed or its caller has gone."""
_LONGEST_RETRY = 60
_SHORT, _LONG = 0.25, 1.0
"""Core-seconds: so short a request of another caller may begin beside others that are all so long."""
_AHEAD = 2**20
"""Bytes of a body for which memory is reserved before they come."""


class Snapshot(NamedTuple):
    """What the requests of a container do at a moment, by state, and the memory: reserved, used and its limit, bytes.

    `limit` is 0 where memory is not limited.
    """

    requests: dict[str, int]
    at_once: int
    places: int
    reserved: int
    used: int
    limit: int


def _number(client: str) -> int:
    """A caller as the table holds it; 0 for nobody."""
    return zlib.crc32(client.encode()) + 1 if client else 0


class Admission:
    """Admits `at_once` requests at a time; `queue` more may wait, for at most `seconds`. All are of one container.

    The processes that are forked from this one share the cores, the queue and the `memory`; None for no limit.
    Callers take turns. A caller that has no place may take one more than there are; while others have some, no caller
    has more than half of them; and a short request does not wait behind another caller's long ones. Of the `threads` of
    a process two are left to requests that do not compute; 0 if their number is unknown.
    """

    def __init__(self, at_once: int, queue: int, seconds: float, memory: Memory | None = None) -> None:
        self._at_once = at_once
        self._queue = queue
        self._extra = 1 if queue else 0
        self._threads = 0
        self._seconds = seconds
        self._table = RequestTable()
        self._memory = MemoryBudget(memory, self._table)
        self._visit: ContextVar[Visit | None] = ContextVar("visit", default=None)

    @property
    def places(self) -> int:
        """How many requests may compute or wait for it at a time, over all processes."""
        return self._at_once + self._queue

    def snapshot(self) -> Snapshot:
        """What all requests of the container do now."""
        table, memory = self._table, self._memory.memory
        states = {"reading": READING, "waiting": WAITING, "computing": RUNNING}
        with table:
            self._sweep(time.monotonic())
            requests, reserved = {name: table.count(state) for name, state in states.items()}, table.memory_held()
            requests["waiting"] += table.count(LENT)
        used, limit = (memory.used(), memory.limit) if memory else (0, 0)
        return Snapshot(requests, self._at_once, self.places, reserved, used, limit)

    def fit(self, threads: int, processes: int) -> None:
        """Leave two threads of each process to other requests: shorten the queue, then compute fewer at once."""
        self._threads = threads
        room = max(1, (threads - 2) * processes)
        self._at_once = min(self._at_once, room)
        self._queue = min(self._queue, room - self._at_once)
        self._extra = min(self._extra, room - self.places)

    def is_full(self) -> bool:
        """Whether a request would be refused now."""
        now = time.monotonic()
        with self._table:
            self._sweep(now)
            return self._taken(now, _PLACED) >= self.places

    def arrive(self, client: str, body: int | None = None, *, told: bool = False) -> None:
        """Begin a request of a caller in this thread; `leave` ends it.

        With `body`, the most bytes that its body may have, it takes a place before they are read. Memory is reserved
        for all of them, or, where `client_sent` is told what comes, as they come: a stranger who announces much and
        sends little holds no memory. Errors: QueueFullError (429), NoMemoryError (429).
        """
        self._memory.request_begins()
        visit = Visit(_number(client), body or 0)
        self._visit.set(visit)
        if body is None:
            return
        now = time.monotonic()
        with self._table:
            self._refuse_arrival(visit.client, body, now)
            reserved = min(body, _AHEAD) if told else body
            visit.row = self._table.add(READING, visit.client, BODY_COPIES * reserved, now)
            if visit.row is None:
                raise QueueFullError(self._retry_after())

    def await_client(self) -> None:
        """The request of this thread waits for bytes of its body: others may have its place until `client_sent`."""
        self._note_reading(-math.inf)

    def client_sent(self, received: int) -> None:
        """So many bytes have come: the request of this thread has its place again, until it waits for more.

        NoMemoryError (429) if there is no memory for those that follow.
        """
        self._note_reading(math.inf)
        visit, held = self._visit.get(), self._table.held
        if (
            visit is None
            or visit.row is None
            or held[visit.row] >= BODY_COPIES * min(visit.body, received + _AHEAD // 2)
        ):
            return
        with self._table:
            more = BODY_COPIES * min(visit.body, received + _AHEAD) - held[visit.row]
            if not self._memory.fits(more, time.monotonic()):
                raise NoMemoryError(self._retry_after())
            held[visit.row] += more

    def _note_reading(self, since: float) -> None:
        visit = self._visit.get()
        if visit and visit.row is not None and self._table.state[visit.row] == READING:
            self._table.since[visit.row] = since  # one aligned word: no reader sees half of it

    def is_crowded(self) -> bool:
        """Whether some callers may be refused now: a look that costs next to nothing."""
        return sum(map(self._table.count, _PLACED)) >= self.places

    def check(self, client: str, body: int) -> None:
        """Refuse what `arrive` would refuse; the request gets no place."""
        with self._table:
            self._refuse_arrival(_number(client), body, time.monotonic())

    def _refuse_arrival(self, client: int, body: int, now: float) -> None:
        """QueueFullError without a place or a thread; NoMemoryError if the body does not fit."""
        self._refuse_if_full(client, now, _PLACED)
        if self._threads and self._table.own >= max(1, self._threads - 2):
            raise QueueFullError(self._retry_after())
        held, fits = BODY_COPIES * body, self._memory.fits
        if not fits(held, now) and not (self._sweep(now) and fits(held, now)):
            raise NoMemoryError(self._retry_after())
        if not self._memory.is_within_share(client, held):
            raise NoMemoryError(self._retry_after())

    def leave(self) -> None:
        """End the request of this thread, and give back its memory."""
        visit = self._visit.get()
        self._visit.set(None)
        if visit and visit.row is not None:
            with self._table:
                self._table.remove(visit.row)
                self._promote(time.monotonic())
            self._memory.request_ended(BODY_COPIES * visit.body)

    @contextmanager
    def enter(self, cost: Estimate, deadline: Deadline, probe: Probe) -> Iterator[None]:
        """Hold a core, after waiting for it until the deadline, and the memory that the work needs.

        Errors: QueueFullError (429) if there is no place, or no core becomes free in time; NoMemoryError (429) if no
        memory does; TooMuchWorkError (413) if there could never be as much.
        """
        visit = self._visit.get() or Visit()
        came_alone = visit.row is None
        row = self._queued(visit, cost)
        try:
            self._wait(row, min(deadline.remaining(), self._seconds), deadline, probe)
            yield
        finally:
            with self._table:
                self._finish(row, came_alone)
            if came_alone:
                visit.row = None
            self._memory.request_ended(cost.memory)

    @contextmanager
    def lend(self) -> Iterator[None]:
        """The request of this thread waits for others: its core is theirs meanwhile, its place and memory stay its own.

        It goes on at once when it has waited, beside those that compute then.
        """
        visit, table = self._visit.get(), self._table
        if visit is None or visit.row is None or table.state[visit.row] != RUNNING:
            yield
            return
        began, row = time.monotonic(), visit.row
        with table:
            table.state[row] = LENT
            self._promote(began)
        try:
            yield
        finally:
            with table:
                table.state[row] = RUNNING
                table.since[row] += time.monotonic() - began

    def _queued(self, visit: Visit, cost: Estimate) -> int:
        """The row of a request that now waits, or runs already."""
        now, table = time.monotonic(), self._table
        with table:
            own = table.held[visit.row] if visit.row is not None else 0  # its body, which stays until it ends
            self._memory.refuse_if_impossible(cost.memory + own if cost.memory else 0, now)
            self._refuse_if_full(visit.client, now, _QUEUED)
            if visit.row is None:
                visit.row = table.add(WAITING, visit.client, 0, now)
            if visit.row is None:
                raise QueueFullError(self._retry_after())
            row = visit.row
            table.state[row], table.since[row] = WAITING, now
            table.work[row], table.wanted[row] = cost.work, cost.memory
            table.queue(row)
            self._promote(now, row)
        return row

    def _wait(self, row: int, seconds: float, deadline: Deadline, probe: Probe) -> None:
        table = self._table
        with probe.span("queue"):
            end = time.monotonic() + seconds
            while True:
                seen = table.wake[row]
                if table.state[row] == RUNNING:
                    return
                left = end - time.monotonic()
                if left <= 0:
                    break
                table.wait(row, seen, min(left, _SLICE))
                if left > _SLICE:
                    self._look_around(deadline)
            with table:
                if table.state[row] != RUNNING:
                    blocked = self._running() < self._at_once
                    raise (NoMemoryError if blocked else QueueFullError)(self._retry_after())

    def _look_around(self, deadline: Deadline) -> None:
        """Notice killed processes and memory that others have freed; stop waiting for a caller that has gone."""
        deadline.check("queue")
        now = time.monotonic()
        with self._table:
            self._table.sweep(now)
            self._promote(now)

    def _finish(self, row: int, came_alone: bool) -> None:
        """Give back the core, or the place in the queue; a request that is still in its visit keeps its body."""
        table, now = self._table, time.monotonic()
        if table.state[row] == RUNNING:
            table.note_run(now - table.since[row], table.work[row])
            table.held[row] -= table.wanted[row]
        if came_alone:
            table.remove(row)
        else:
            table.state[row], table.since[row] = DONE, now
            table.ticket[row] = table.wanted[row] = 0
            table.work[row] = 0.0
        self._promote(now)

    def _promote(self, now: float, own: int | None = None) -> None:
        """Let those that wait compute, by turns, as far as there are cores and memory.

        `own` is the row of this thread, which need not be awakened.
        """
        table = self._table
        while waiting := table.by_turns() if table.count(WAITING) else []:
            row = waiting[0] if self._running() < self._at_once else self._short_one(waiting)
            if row is None or not self._memory.fits(table.wanted[row], now):
                return
            table.state[row], table.since[row] = RUNNING, now
            table.ticket[row] = 0
            table.held[row] += table.wanted[row]
            table.note_turn(row)
            if row != own:
                table.awaken(row)

    def _short_one(self, waiting: list[int]) -> int | None:
        """A short request that may begin beside long ones of other callers, one core more than there are."""
        table, running = self._table, self._table.rows(RUNNING)
        if len(running) > self._at_once or any(table.work[row] < _LONG for row in running):
            return None
        computing = {table.client[row] for row in running}
        short = (row for row in waiting if table.work[row] <= _SHORT and table.client[row] not in computing)
        return next(short, None)

    def _running(self) -> int:
        return self._table.count(RUNNING)

    def _has_place(self, row: int, now: float) -> bool:
        state = self._table.state[row]
        return state in _QUEUED or (state == READING and now - self._table.since[row] < _READING_SECONDS)

    def _taken(self, now: float, states: tuple[int, ...], client: int | None = None) -> int:
        """Places that are taken by requests in these states, of all callers or of one."""
        table = self._table
        return sum(client in {None, table.client[row]} and self._has_place(row, now) for row in table.rows(*states))

    def _refuse_if_full(self, client: int, now: float, states: tuple[int, ...]) -> None:
        refused = self._is_refused
        if refused(client, now, states) and not (self._sweep(now) and not refused(client, now, states)):
            raise QueueFullError(self._retry_after())

    def _is_refused(self, client: int, now: float, states: tuple[int, ...]) -> bool:
        taken, own = self._taken(now, states), self._taken(now, states, client) if client else 0
        if taken < self.places:
            return bool(taken > own >= (self.places + 1) // 2)
        return not client or bool(own) or taken >= self.places + self._extra

    def _sweep(self, now: float) -> bool:
        """Free what killed processes have left; whether there was anything."""
        found = self._table.sweep(now)
        if found:
            self._promote(now)
        return found

    def _retry_after(self) -> int:
        """Seconds until what computes and waits now will be done; what is still being read is taken for usual."""
        table = self._table
        backlog = sum(table.work[: table.used]) * table.pace + table.count(READING) * table.usual
        return min(_LONGEST_RETRY, max(1, math.ceil(backlog / self._at_once)))
