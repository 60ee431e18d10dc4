"""A compiled network that runs: a pool of infer requests, each used by one thread at a time."""

import queue
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import BadParameterError, ModelBrokenError, ModelBusyError, ModelOutputError
from core.limits import Deadline
from core.models import graph
from core.models.model import Model
from core.models.ports import output_name, ports_of
from core.picture import Pixels

Tensors = dict[str, NDArray[Any]]
Read = TypeVar("Read")


class Network:
    """Shared by threads. `wait` is how long one may wait for a free infer request, seconds."""

    def __init__(self, model: Model, compiled: Any, wait: float) -> None:
        self.model = model
        self._wait = wait
        self.ports = ports_of(compiled)
        rest = [output_name(port, place) for place, port in enumerate(compiled.outputs)][len(model.outputs) :]
        self._names = [*model.outputs, *rest]
        self._free: queue.LifoQueue[Any] = queue.LifoQueue()
        self.requests = max(1, compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        for _ in range(self.requests):
            self._free.put(compiled.create_infer_request())

    def run(self, image: Pixels, deadline: Deadline, read: Callable[[Tensors], Read]) -> tuple[Read, float]:
        """What `read` makes of the outputs by name for uint8, 1 × height × width × 3, BGR, and the network's seconds.

        The outputs are the network's own memory, which its next run overwrites: nothing of it may be kept.
        Errors: those of `tensors` and of `read`, and ModelOutputError (503).
        """
        with self._request(deadline) as request:
            seconds = self._infer(request, image)
            return read(sound(self._outputs(request), self.model)), seconds

    @property
    def alone(self) -> "Network":
        """The network of single requests: this one."""
        return self

    def tensors(self, given: Pixels | Mapping[str, NDArray[Any]], deadline: Deadline) -> tuple[Tensors, float]:
        """The outputs for a batch of pictures, or for each input's tensor, as they come: also what is not finite.

        Errors: ModelBusyError (429), DeadlineExceededError (504), ModelBrokenError (503); BadParameterError (400) for
        tensors that the network does not take together.
        """
        with self._request(deadline) as request:
            seconds = self._infer(request, given)
            return kept_tensors(self._outputs(request)), seconds

    def _infer(self, request: Any, given: Pixels | Mapping[str, NDArray[Any]]) -> float:
        """Run an infer request; the seconds that it took."""
        started = time.perf_counter()
        try:
            if isinstance(given, Mapping):
                for name, tensor in given.items():
                    request.set_tensor(name, graph.openvino().Tensor(tensor, shared_memory=True))
            else:
                request.set_input_tensor(graph.openvino().Tensor(given, shared_memory=True))
            request.infer(share_outputs=True)
        except (RuntimeError, MemoryError) as error:
            failure = graph.broken_model(self.model, "run", error)
            if isinstance(given, Mapping) and isinstance(failure, ModelBrokenError):
                shapes = ", ".join(f"{name} {[*tensor.shape]}" for name, tensor in given.items())
                raise BadParameterError("inputs", "of shapes that the network takes together", shapes) from None
            raise failure from None
        return time.perf_counter() - started

    def _outputs(self, request: Any) -> Tensors:
        return {name: request.get_output_tensor(n).data for n, name in enumerate(self._names)}

    @contextmanager
    def _request(self, deadline: Deadline) -> Iterator[Any]:
        """An infer request for exclusive use."""
        deadline.check(self.model.name)
        request = self._taken(deadline)
        try:
            yield request
        finally:
            self._free.put(request)

    def _taken(self, deadline: Deadline) -> Any:
        """A free infer request, at once where there is one: waiting has its price even then."""
        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        try:
            return self._free.get(timeout=min(self._wait, deadline.remaining()))
        except queue.Empty:
            deadline.check(self.model.name)
            raise ModelBusyError(f'"{self.model.name}" is busy; try again in a moment.') from None


def kept_tensors(tensors: Tensors) -> Tensors:
    """The tensors in memory of their own."""
    return {name: np.array(tensor) for name, tensor in tensors.items()}


def sound(tensors: Tensors, model: Model) -> Tensors:
    """The outputs of one picture without the note whether they are valid; ModelOutputError (503) if they are not."""
    if graph.FINITE in tensors and not np.all(tensors.pop(graph.FINITE)):
        raise ModelOutputError(f'The output of "{model.name}" holds NaN, infinite values or invalid classes.')
    return tensors
