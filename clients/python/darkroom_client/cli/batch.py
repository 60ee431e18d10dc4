"""Several pictures at a time, in a way that Ctrl-C ends at once."""

import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")


def each(
    jobs: Sequence[Job], work: Callable[[Job], Outcome], fatal: Callable[[Outcome], bool], threads: int
) -> Iterator[tuple[int, Outcome]]:
    """Do `work` on every job and yield each job's number and outcome as they end.

    After a `fatal` outcome no further job is begun. A single job runs in the calling thread. The others are daemons:
    an executor's threads would hold a Ctrl-C back until their requests end.
    """
    if len(jobs) == 1:
        yield 0, work(jobs[0])
        return
    todo = iter(range(len(jobs)))
    stop, lock = threading.Event(), threading.Lock()
    done: queue.Queue[tuple[int, Outcome | Exception] | None] = queue.Queue()

    def loop() -> None:
        while not stop.is_set():
            with lock:
                number = next(todo, None)
            if number is None:
                break
            try:
                outcome = work(jobs[number])
            except Exception as error:  # noqa: BLE001 - a fault of ours: shown by the main thread, not lost in this one
                done.put((number, error))
                break
            if fatal(outcome):
                stop.set()
            done.put((number, outcome))
        done.put(None)

    running = min(threads, len(jobs))
    for _ in range(running):
        threading.Thread(target=loop, daemon=True).start()
    try:
        yield from _drain(done, running)
    finally:
        stop.set()


def _drain(done: "queue.Queue[tuple[int, Outcome | Exception] | None]", running: int) -> Iterator[tuple[int, Outcome]]:
    while running:
        item = done.get()
        if item is None:
            running -= 1
        elif isinstance(item[1], Exception):
            raise item[1]
        else:
            yield item[0], item[1]


def in_order(outcomes: Iterable[tuple[int, Outcome]]) -> Iterator[Outcome]:
    """The outcomes in the order of their jobs, each as soon as all before it are there."""
    waiting: dict[int, Outcome] = {}
    following = 0
    for number, outcome in outcomes:
        waiting[number] = outcome
        while following in waiting:
            yield waiting.pop(following)
            following += 1
    yield from (waiting[number] for number in sorted(waiting))  # after a fatal one there are gaps


class Bar:
    """What shows how far it is: nothing, unless `progress` made it a bar."""

    def tick(self) -> None:
        """One more picture is done."""

    def hide(self) -> None:
        """Make room: something is to be printed where the bar stands."""


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Bar]:
    """A progress bar on stderr for several pictures, if a person is looking at it."""
    if quiet or total < 2 or not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("darkroom"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("darkroom", total=total)

        class Shown(Bar):
            def tick(self) -> None:
                shown.advance(task)

            def hide(self) -> None:
                shown.stop()

        yield Shown()
