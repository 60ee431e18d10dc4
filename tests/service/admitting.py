"""Requests before the gate: in threads that a test starts and ends, and memory that it decides."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.cost import Estimate
from core.errors import TooMuchWorkError
from core.limits import Deadline
from service.admission import Admission
from service.errors import QueueFullError
from service.machine import Memory
from service.request_table import RUNNING, WAITING
from service.timing import Timings
from tests.waiting import PATIENCE

MIB = 2**20


@contextmanager
def admitted(gate: Admission, work: float = 0.0, memory: int = 0, seconds: float = PATIENCE) -> Iterator[None]:
    with gate.enter(Estimate(work=work, memory=memory), Deadline(seconds), Timings()):
        yield


class Request:
    """A request in a thread of its own: it is refused, or computes until it is told to end."""

    def __init__(
        self, gate: Admission, client: str = "", work: float = 0.0, memory: int = 0, body: int = -1,
        others: threading.Barrier | None = None,
    ) -> None:  # fmt: skip
        self.gate, self.estimate = gate, Estimate(work=work, memory=memory)
        self.client, self.body, self.others = client, body, others
        self.runs, self.ends, self.refused = threading.Event(), threading.Event(), threading.Event()
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.gate.arrive(self.client, None if self.body < 0 else self.body)
            if self.others:  # its body comes when those of all others do
                self.gate.await_client()
                self.others.wait(PATIENCE)
                self.gate.client_sent(max(0, self.body))
            with self.gate.enter(self.estimate, Deadline(PATIENCE), Timings()):
                self.runs.set()
                self.ends.wait(PATIENCE)
        except (QueueFullError, TooMuchWorkError) as error:
            self.error = error
            self.refused.set()
        finally:
            self.gate.leave()

    def end(self) -> None:
        self.ends.set()
        self.thread.join(PATIENCE)


@contextmanager
def requests(gate: Admission) -> Iterator[Callable[..., Request]]:
    """Start requests; all are ended."""
    started: list[Request] = []

    def start(**given: object) -> Request:
        started.append(Request(gate, **given))  # type: ignore[arg-type] # the table's keywords
        return started[-1]

    yield start
    for one in started:
        one.end()


def waiting(gate: Admission) -> int:
    return gate._table.count(WAITING)


def running(gate: Admission) -> int:
    return gate._table.count(RUNNING)


class Made(Memory, frozen=True):
    """A container whose use of memory a test decides."""

    uses: tuple[int, ...] = (0,)

    def used(self) -> int:
        return self.uses[0]
