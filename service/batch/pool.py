"""Processes that work on items, and survive each other: one that is killed is replaced, and its items are tried again.

Items go out in order and rows come back in order, whichever is done first. An item over which a process died may be the
reason: it is tried again in a process that has nothing else to do.
"""

import contextlib
import gc
import heapq
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait

import msgspec

from service.batch.errors import BatchError
from service.batch.row import BatchRow, Item

Process = Callable[[Item], BatchRow]
_WINDOW = 2048
"""Items between the oldest that is not done and the newest that has been handed out."""
_MOST_STILLBORN = 10
"""Processes in a row that end before they can work, and end the run: others would do the same."""
_TICK = 0.5
"""Seconds after which `tick` is called, whatever happens."""


class _Answer(msgspec.Struct, array_like=True):
    number: int
    row: BatchRow


_READY = b""
"""What a process sends before its first answer, once it can work."""
_ITEMS, _ANSWERS = msgspec.msgpack.Decoder(Item), msgspec.msgpack.Decoder(_Answer)


class _Worker:
    """A process, and the items it has not answered yet."""

    def __init__(self, start: Callable[[], Process], threads: int, others: list[Connection]) -> None:
        fork = multiprocessing.get_context("fork")
        self.connection, theirs = fork.Pipe()
        self.items: dict[int, Item] = {}
        self.alone = self.ready = False
        self.process = fork.Process(
            target=_serve, args=(theirs, [*others, self.connection], start, threads), daemon=True
        )  # fmt: skip
        self.process.start()
        theirs.close()

    def send(self, item: Item) -> None:
        """Hand out an item; a process that has just died is noticed when it is waited for."""
        self.items[item.number] = item
        with contextlib.suppress(OSError):
            self.connection.send_bytes(msgspec.msgpack.encode(item))


class Pool:
    """`size` processes of `threads` threads each; `start` makes what processes an item, in each of them."""

    def __init__(self, start: Callable[[], Process], size: int, threads: int) -> None:
        self._start, self._threads = start, threads
        self._suspects: deque[Item] = deque()
        self._done: list[tuple[int, BatchRow]] = []
        self._next = self._newest = self._stillborn = 0
        self.stopping = False
        """Set to hand out no further item: those that are handed out are finished."""
        self._workers: list[_Worker] = []
        gc.freeze()  # a collection would visit all that was imported, so that no process shared it any longer
        for _ in range(size):
            self._add_worker()

    def run(self, items: Iterator[Item], tick: Callable[[], None]) -> Iterator[BatchRow]:
        """The rows of all items, in their order. BatchError if no process gets as far as to work."""
        more = True
        while True:
            self._hand_out_suspects()
            more = more and not self.stopping and self._hand_out(items)
            if not more and not self._suspects and not any(worker.items for worker in self._workers):
                return
            self._collect()
            yield from self._rows()
            tick()

    def close(self) -> None:
        """End the processes, which do nothing now."""
        for worker in self._workers:
            worker.connection.close()
        for worker in self._workers:
            worker.process.join()

    def kill(self) -> None:
        """End the processes, whatever they do."""
        for worker in self._workers:
            worker.process.kill()

    def _add_worker(self) -> None:
        self._workers.append(_Worker(self._start, self._threads, [one.connection for one in self._workers]))

    def _hand_out_suspects(self) -> None:
        for worker in self._workers:
            if self._suspects and not worker.items:
                worker.alone = True
                worker.send(self._suspects.popleft())

    def _hand_out(self, items: Iterator[Item]) -> bool:
        """Fill every process, but one where items wait to be alone in one; False if there is no item left."""
        for worker in self._workers[1 if self._suspects else 0 :]:
            while not worker.alone and len(worker.items) <= self._threads and self._newest - self._next < _WINDOW:
                item = next(items, None)
                if item is None:
                    return False
                self._newest = item.number
                worker.send(item)
        return True

    def _collect(self) -> None:
        """Wait for answers, and for processes that die."""
        by_connection = {worker.connection: worker for worker in self._workers}
        for ready in wait(list(by_connection), _TICK):
            worker = by_connection[ready]  # type: ignore[index]
            try:
                data = worker.connection.recv_bytes()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            if data == _READY:
                worker.ready, self._stillborn = True, 0
                continue
            answer = _ANSWERS.decode(data)
            del worker.items[answer.number]
            worker.alone = False
            heapq.heappush(self._done, (answer.number, answer.row))

    def _rows(self) -> Iterator[BatchRow]:
        """The rows that come next."""
        while self._done and self._done[0][0] == self._next:
            self._next += 1
            yield heapq.heappop(self._done)[1]

    def _replace(self, dead: _Worker) -> None:
        """Another process for one that died; what it may have died of is tried again alone, the rest as before."""
        self._workers.remove(dead)
        dead.connection.close()
        dead.process.join()
        for position, item in enumerate(dead.items.values()):
            started = dead.ready and position < self._threads
            self._suspects.append(msgspec.structs.replace(item, attempt=item.attempt + started))
        self._stillborn += not dead.ready
        if self._stillborn >= _MOST_STILLBORN:
            raise BatchError("The processes of this batch end before they can work, perhaps for lack of memory.")
        self._add_worker()


def _serve(connection: Connection, others: list[Connection], start: Callable[[], Process], threads: int) -> None:
    """What a process does until its parent has gone or has no more items. Its parent decides when it ends."""
    for other in others:
        other.close()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    process = start()
    with contextlib.suppress(OSError):  # its parent has gone: it will notice below
        connection.send_bytes(_READY)
    receiving, sending = threading.Lock(), threading.Lock()

    def work() -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                with receiving:
                    item = _ITEMS.decode(connection.recv_bytes())
                answer = msgspec.msgpack.encode(_Answer(item.number, process(item)))
                with sending:
                    connection.send_bytes(answer)

    running = [threading.Thread(target=work) for _ in range(threads - 1)]
    for thread in running:
        thread.start()
    work()
    for thread in running:
        thread.join()
    os._exit(0)
