"""A compiled network that runs: a pool of infer requests, each used by one thread at a time."""

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelBusyError, ModelOutputError
from core.limits import Deadline
from core.models import graph
from core.models.model import Model
from core.picture import Pixels

Tensors = dict[str, NDArray[Any]]


class Network:
    """Shared by threads. `wait` is how long one may wait for a free infer request, seconds."""

    def __init__(self, model: Model, compiled: Any, wait: float) -> None:
        self._model = model
        self._wait = wait
        rest = [graph.output_name(port, place) for place, port in enumerate(compiled.outputs)][len(model.outputs) :]
        self._names = [*model.outputs, *rest]
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()
        self.requests = max(1, compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        for _ in range(self.requests):
            self._free.put(compiled.create_infer_request())

    def run(self, image: Pixels, deadline: Deadline) -> tuple[Tensors, float]:
        """The outputs by name for uint8, 1 × height × width × 3, BGR, and the seconds that inference seconds.

        Errors: ModelBusyError (429), DeadlineExceededError (504), ModelBrokenError and ModelOutputError (503).
        """
        with self._request(deadline) as request:
            started = time.perf_counter()
            try:
                request.set_input_tensor(graph.openvino().Tensor(image, shared_memory=True))
                request.infer(share_outputs=True)
            except (RuntimeError, MemoryError) as error:
                raise graph.broken_model(self._model, "run", error) from None
            seconds = time.perf_counter() - started
            tensors = {name: np.array(request.get_output_tensor(n).data) for n, name in enumerate(self._names)}
        if not tensors.pop(graph.FINITE, True):
            raise ModelOutputError(f'The output of "{self._model.name}" holds NaN, infinite values or invalid classes.')
        return tensors, seconds

    @contextmanager
    def _request(self, deadline: Deadline) -> Iterator[Any]:
        """An infer request for exclusive use."""
        deadline.check(self._model.name)
        try:
            request = self._free.get(timeout=min(self._wait, deadline.remaining()))
        except queue.Empty:
            deadline.check(self._model.name)
            raise ModelBusyError(f'"{self._model.name}" is busy; try again in a moment.') from None
        try:
            yield request
        finally:
            self._free.put(request)
