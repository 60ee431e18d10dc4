"""Several pictures at a time, interruptible by Ctrl-C at once."""

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

    After a `fatal` outcome no further job begins. A single job runs in the calling thread, several in daemon threads,
    because an executor's would delay Ctrl-C until their requests end.
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
            except Exception as error:  # noqa: BLE001 - a bug of ours: raised in the main thread, not lost in this one
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
    """The outcomes in the order of their jobs, each as soon as all before it are done."""
    waiting: dict[int, Outcome] = {}
    following = 0
    for number, outcome in outcomes:
        waiting[number] = outcome
        while following in waiting:
            yield waiting.pop(following)
            following += 1
    yield from (waiting[number] for number in sorted(waiting))  # after a fatal one there are gaps


class Bar:
    """Progress: nothing is shown, unless `progress` made it a bar."""

    def tick(self) -> None:
        """One more picture is done."""

    def hide(self) -> None:
        """Hide the bar before something else is printed."""


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Bar]:
    """A progress bar on stderr for several pictures, if it is a terminal."""
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
