"""Delivers events at least once and unordered, with back-off and dead letters, while killing workers."""

import heapq
import random
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait

import msgspec

from tools.chaos.clouds import Cloud
from tools.chaos.script import Op, Script, orders
from tools.chaos.worker import Place, Worker

MAX_ATTEMPTS = 40
_WORKERS = 4
_HURRY_RATE = 0.8
"""Probability that a key is changed while it is being processed."""

_AT_ONCE = -1e6
"""A delay before all others: its event is delivered first, while the older one is still being processed."""


class Delivery(msgspec.Struct):
    """One event to deliver."""

    key: str
    put: bool
    attempt: int = 1


class Tally(msgspec.Struct):
    """Counts of what happened in a run."""

    changes: int = 0
    deliveries: int = 0
    repeats: int = 0
    redelivered: int = 0
    hurried: int = 0
    kills: int = 0
    outcomes: dict[str, int] = {}
    dead: list[str] = []


class Run:
    """One run of a script against a cloud."""

    def __init__(self, script: Script, cloud: Cloud, place: Place, *, seed: int, kills: int) -> None:
        self._script, self._cloud, self._place, self._seed = script, cloud, place, seed
        self._random = random.Random(seed + 2)
        self._remaining = {key: list(ops) for key, ops in script.ops.items()}
        self._order = list(orders(script, seed))
        self._heap: list[tuple[float, int, Delivery | Callable[[], None]]] = []
        self._number = 0
        self._idle: list[Worker] = []
        self._busy: dict[Connection, tuple[Worker, Delivery]] = {}
        self._killing = self._random_moments(kills)
        self._repeating = self._random_moments(script.repeats, script.changes)
        self.tally = Tally()

    def go(self) -> Tally:
        """Run until every event is acknowledged or dead."""
        self._idle = [Worker(self._place) for _ in range(_WORKERS)]
        while self._order or self._heap or self._busy:
            self._make_changes()
            self._deliver()
            self._collect()
        for worker in self._idle:
            worker.kill()
        return self.tally

    def _random_moments(self, count: int, among: int = 0) -> list[int]:
        """Random delivery (or change) numbers at which something happens."""
        among = among or self._script.changes + self._script.repeats
        return sorted(self._random.choices(range(among), k=count), reverse=True)

    def _make_changes(self) -> None:
        """Change sources as long as the workers keep up."""
        while self._order and len(self._heap) < 3 * _WORKERS:
            self._change(self._order.pop(), self._random.random() * 0.2)

    def _change(self, key: str, delay: float) -> None:
        """Make the next change of a key, and schedule its event and perhaps repeats."""
        if not self._remaining[key]:
            return
        op: Op = self._remaining[key].pop(0)
        if op.content is None:
            self._cloud.delete(key)
        else:
            self._cloud.put(key, op.content)
        self._schedule(delay, Delivery(key, put=op.content is not None))
        while self._repeating and self._repeating[-1] <= self.tally.changes:
            self._repeating.pop()
            self.tally.repeats += 1
            self._schedule(self._random.random() * 0.6, Delivery(key, put=op.content is not None))
        self.tally.changes += 1

    def _schedule(self, delay: float, what: Delivery | Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._heap, (time.monotonic() + delay, self._number, what))

    def _deliver(self) -> None:
        """Hand out the events that are due."""
        now = time.monotonic()
        postponed: list[tuple[float, int, Delivery | Callable[[], None]]] = []
        while self._heap and self._heap[0][0] <= now:
            entry = heapq.heappop(self._heap)
            if not isinstance(entry[2], Delivery):
                entry[2]()
            elif self._idle:
                self._hand_out(entry[2])
            else:
                postponed.append(entry)
                break
        for entry in postponed:
            heapq.heappush(self._heap, entry)

    def _hand_out(self, delivery: Delivery) -> None:
        worker = self._idle.pop()
        worker.pipe.send_bytes(self._cloud.event(delivery.key, put=delivery.put, attempt=delivery.attempt))
        self._busy[worker.pipe] = (worker, delivery)
        self.tally.deliveries += 1
        self.tally.redelivered += delivery.attempt > 1
        if self._remaining[delivery.key] and self._random.random() < _HURRY_RATE:
            self.tally.hurried += 1
            self._schedule(self._random.random() * 0.5, lambda: self._change(delivery.key, _AT_ONCE))
        if self._killing and self._killing[-1] <= self.tally.deliveries:
            self._killing.pop()
            self._schedule(self._random.random() * 0.06, lambda: self._kill(worker))

    def _kill(self, worker: Worker) -> None:
        """Kill a worker while it is busy, or another busy one; if none is, try again shortly."""
        pipe = worker.pipe if worker.pipe in self._busy else next(iter(self._busy), None)
        if pipe is None:
            if self._order or self._heap:
                self._schedule(0.005, lambda: self._kill(worker))
            return
        victim, delivery = self._busy.pop(pipe)
        victim.kill()
        self.tally.kills += 1
        self._idle.append(Worker(self._place))
        self._redeliver(delivery)

    def _collect(self) -> None:
        """Collect results until the next delivery is due."""
        pause = min(0.05, max(0.0, self._heap[0][0] - time.monotonic())) if self._heap and self._idle else 0.02
        for pipe in wait(list(self._busy), pause):
            assert isinstance(pipe, Connection)
            worker, delivery = self._busy.pop(pipe)
            result = pipe.recv_bytes().decode()
            self._idle.append(worker)
            outcome = result.partition(" ")[0]
            self.tally.outcomes[outcome] = self.tally.outcomes.get(outcome, 0) + 1
            if outcome == "again":
                self._redeliver(delivery)

    def _redeliver(self, delivery: Delivery) -> None:
        """Redeliver after a back-off with full jitter; after too many attempts, it is a dead letter."""
        if delivery.attempt >= MAX_ATTEMPTS:
            self.tally.dead.append(delivery.key)
            return
        pause = self._random.random() * min(1.0, 0.05 * 2**delivery.attempt)
        self._schedule(pause, Delivery(delivery.key, delivery.put, delivery.attempt + 1))
