"""Batches: requests that wait for the same network become one run of it, each a row.

A network of dense layers reads all its weights at each run, whether for one picture or for sixteen. Whoever waits
longest runs the batch for the others, so that there is no further thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from core.errors import DarkroomError, ModelBusyError, ModelError
from core.limits import Deadline
from core.models.model import Input, Model
from core.models.network import Network, Read, Tensors, sound
from core.models.trial import trial_picture
from core.picture import Pixels

Lend = Callable[[], AbstractContextManager[None]]
"""Opens a context in which this thread waits and computes nothing: others may have its core."""
TOLERANCE = {"f32": 1e-4, "f16": 2e-2, "bf16": 5e-2}
"""How far a row of a batch may be from the run of its picture alone, as a share of the tensor's largest value."""
_MAP_SHARE = 1e-3
"""The share of a map of classes that may be of another class: where two classes are as good."""
_SLICE = 0.25
"""Seconds after which who waits looks whether its caller has gone."""
_PATIENCE = 600.0
_logger = logging.getLogger("darkroom")


class _Place:
    """A request that waits: its picture, and the row that became of it; `done` without a row: it runs alone."""

    def __init__(self, image: Pixels, lock: threading.Lock) -> None:
        self.image = image
        self.came = time.monotonic()
        self.changed = threading.Condition(lock)
        self.done = False
        self.row: Tensors | None = None
        self.seconds = 0.0


class BatchedNetwork:
    """A network of one row and the same of up to `most`, shared by threads like a `Network`.

    While the network runs, whoever comes waits for the next batch. `delay` is the longest that a request waits for
    others beyond that, seconds; `wait` the longest for the network.
    """

    def __init__(self, alone: Network, several: Network, most: int, delay: float, wait: float, lend: Lend) -> None:
        self.alone, self._several, self._lend = alone, several, lend
        self._most, self._delay, self._longest = most, delay, wait
        self._lock = threading.Lock()
        self._free = several.requests
        self._waiting: list[_Place] = []

    def run(self, image: Pixels, deadline: Deadline, read: Callable[[Tensors], Read]) -> tuple[Read, float]:
        """As `Network.run`; the seconds are this request's share of the batch. Errors: those of `Network.run`.

        What goes wrong with a batch concerns nobody: each of its requests then runs alone.
        """
        place = _Place(image, self._lock)
        with self._lock:
            self._waiting.append(place)
            self._call_first()
            batch = self._take(place)
        if batch is None:
            with self._lend(), self._lock:
                batch = self._wait(place, deadline)
        if batch:
            self._run(batch, deadline)
        if place.row is None:
            return self.alone.run(image, deadline, read)
        return read(sound(place.row, self.alone.model)), place.seconds

    def _wait(self, place: _Place, deadline: Deadline) -> list[_Place] | None:
        """Wait until the place is done, or until its request has to run this batch. The lock is held."""
        end = place.came + self._longest
        try:
            while not place.done:
                if (batch := self._take(place)) is not None:
                    return batch
                now, until = time.monotonic(), end
                if self._is_first(place) and self._free:
                    until = place.came + self._delay
                place.changed.wait(max(0.0, min(until - now, deadline.remaining(), _SLICE)))
                if not place.done:
                    deadline.check(self.alone.model.name)
                    if place in self._waiting and not self._free and time.monotonic() > end:
                        raise ModelBusyError(f'"{self.alone.model.name}" is busy; try again in a moment.')
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
                self._call_first()
        return None

    def _is_first(self, place: _Place) -> bool:
        return bool(self._waiting) and self._waiting[0] is place

    def _take(self, place: _Place) -> list[_Place] | None:
        """The batch that this request has to run now: it has waited longest, and the network is free."""
        if not self._free or not self._is_first(place):
            return None
        batch = [other for other in self._waiting if other.image.shape == place.image.shape][: self._most]
        if len(batch) < self._most and time.monotonic() < place.came + self._delay:
            return None
        self._waiting = [other for other in self._waiting if other not in batch]
        self._free -= 1
        self._call_first()
        return batch

    def _call_first(self) -> None:
        if self._waiting and self._free:
            self._waiting[0].changed.notify()

    def _run(self, batch: Sequence[_Place], deadline: Deadline) -> None:
        """Run a batch; whatever becomes of it, nobody waits for it any longer."""
        rows: list[Tensors] = []
        seconds = 0.0
        try:
            if len(batch) == 1:
                row, seconds = self.alone.tensors(batch[0].image, deadline)
                rows = [row]
            else:
                rows, seconds = self._rows([place.image for place in batch])
        except (ModelError, ModelBusyError) as error:
            if len(batch) == 1:
                raise
            _logger.warning("A batch of %d failed, each runs alone: %s", len(batch), error.detail)
        finally:
            with self._lock:
                self._free += 1
                for number, place in enumerate(batch):
                    place.row, place.seconds = (rows[number] if rows else None), seconds / len(batch)
                    place.done = True
                    place.changed.notify()
                self._call_first()

    def _rows(self, images: Sequence[Pixels]) -> tuple[list[Tensors], float]:
        tensors, seconds = self._several.tensors(np.concatenate(images), Deadline(_PATIENCE))
        count = range(len(images))
        return [{name: tensor[n : n + 1] for name, tensor in tensors.items()} for n in count], seconds


def same_rows(alone: Network, several: Network, most: int, precision: str) -> bool:
    """Whether each picture of a batch gives what it gives alone: some networks mix their rows, or number them."""
    images = _trial_pictures(alone.model.input)[:most]
    try:
        together, _ = several.tensors(np.concatenate(images), Deadline(_PATIENCE))
        singly = [alone.tensors(image, Deadline(_PATIENCE))[0] for image in images]
    except DarkroomError:
        return False
    return all(
        tensor.shape[:1] == (len(images),) and _is_same(tensor[n : n + 1], one[name], TOLERANCE[precision])
        for name, tensor in together.items()
        for n, one in enumerate(singly)
    )


def _trial_pictures(about: Input) -> list[Pixels]:
    picture = trial_picture(about)
    dark = (picture // 3).astype(np.uint8)
    return [one[np.newaxis] for one in (picture, np.ascontiguousarray(picture[::-1, ::-1]), dark)]


def _is_same(row: Any, alone: Any, tolerance: float) -> bool:
    if row.shape != alone.shape:
        return False
    if not np.issubdtype(row.dtype, np.floating):
        return float(np.mean(row != alone)) <= _MAP_SHARE if row.size else True
    largest = float(np.abs(alone[np.isfinite(alone)]).max(initial=0))
    return bool(np.allclose(row, alone, rtol=0, atol=tolerance * largest, equal_nan=True))


def batchable(model: Model, most: int) -> bool:
    """Whether batches are made of this model's pictures."""
    return most > 1 and not model.takes_tensors and model.decoder != "ssd"  # its list numbers the pictures
