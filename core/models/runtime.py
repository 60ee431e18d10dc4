"""The runtime: from a model's name to its prediction. Models are loaded on first use, each once."""

import hashlib
import importlib.metadata
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any, Literal, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import BadParameterError, DarkroomError, ModelAbsentError, ModelChecksumError, UnknownModelError
from core.limits import Deadline
from core.models import batching, graph
from core.models.batching import BatchedNetwork, Lend
from core.models.cache import ModelCache
from core.models.decoders.raw import raw
from core.models.files import Files, WeightsFiles, file_checksums, verify_file, weights_of
from core.models.fit import REVISION as FIT_REVISION
from core.models.fit import Fit, fitted
from core.models.guards import require_finite
from core.models.loading import Loader, RuntimeOptions
from core.models.manifest import Manifest, declared_labels
from core.models.model import Model, Task, WeightsFile
from core.models.network import Network, Read, Tensors, kept_tensors
from core.models.ports import Ports
from core.models.prediction import DetectionOptions, Prediction
from core.models.reading import prediction_of
from core.models.rows import RowNetworks, rows_of
from core.picture import Pixels, Size

State = Literal["absent", "cached", "loading", "ready", "failed"]


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a model.

    `bytes`: memory once it is loaded; `latency_ms`: mean of the network's runs; `loads`: how often it was compiled or
    read from the folder of compiled networks; `reason`: why the last load failed.
    """

    name: str
    state: State
    bytes: int
    latency_ms: float | None = None
    runs: int = 0
    loads: int = 0
    reason: str | None = None


class ModelWatch(Protocol):
    """Who is told what models do."""

    def model_ran(self, name: str, seconds: float) -> None:
        """A model's network has run."""

    def model_loaded(self, name: str, *, good: bool) -> None:
        """A model was loaded, or could not be."""

    def models_hold(self, used: int) -> None:
        """The loaded models take so many bytes now."""


class _RunStats:
    """Runs of a model and their seconds."""

    def __init__(self) -> None:
        self.runs = 0
        self.seconds = 0.0


class Runtime:
    """The models of a manifest. Threads share it; `files` returns the path of a file, and fetches it if asked to.

    `lend` opens a context in which the thread waits for a batch and needs no core.
    """

    def __init__(
        self,
        manifest: Manifest,
        files: Files,
        options: RuntimeOptions,
        watch: ModelWatch | None = None,
        lend: Lend = nullcontext,
    ) -> None:
        self._watch = watch
        self.manifest = manifest
        self.options = options
        self._files = files
        self._cache: ModelCache[Network | BatchedNetwork] = ModelCache(options.memory, options.wait)
        self._loader = Loader(options, lend)
        self._rows = RowNetworks(self._cache, self._loader, options.memory)
        self._loaded_files: dict[str, WeightsFiles] = {}
        self._labels: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._stats = {name: _RunStats() for name in manifest}
        self._tables = {name: _digest(model) for name, model in manifest.items()}
        self._stats_lock = threading.Lock()

    def find(self, task: Task | None, name: str | None) -> Model:
        """The model of this name that does the task; without a name the task's default. UnknownModelError (400)."""
        if name is None and task is not None:
            name = self.options.defaults.get(task)
        model = self.manifest.get(name) if name is not None else None
        if model is None or task not in {None, model.task}:
            raise UnknownModelError(name or task or "", self.manifest.names(task))
        return model

    def labels(self, model: Model) -> tuple[str, ...]:
        """Names of the model's classes, without loading the network. ModelAbsentError if their file is missing."""
        if isinstance(model.labels, tuple) and model.labels:
            return model.labels
        weights = self._weights(model)
        key = (model.name, *file_checksums(weights.files))
        if key not in self._labels:
            self._labels[key] = declared_labels(model, weights.paths)
        return self._labels[key]

    def see(self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline) -> tuple[Prediction, Fit]:
        """The model's prediction for pixels (grey, BGR or BGRA), in coordinates of its input, and where they lie in it.

        Errors: ModelError and what is below it (503), ModelBusyError (429), DeadlineExceededError (504).
        """
        if model.takes_tensors:
            raw([], model, Size(0, 0), wanted)
        image, fit = fitted(pixels, model.input)
        return self._run(model, image[np.newaxis], deadline, partial(prediction_of, model, fit.size, wanted)), fit

    def see_each(
        self, model: Model, parts: Sequence[Pixels], wanted: DetectionOptions, deadline: Deadline
    ) -> list[Prediction]:
        """As `see` of each part of a picture; a quick network of attributes looks at several in one run.

        A row tells what a run of its own tells, within `batching.TOLERANCE`. Errors: those of `see`.
        """
        if min(rows_of(model), len(parts)) > 1:
            with self._network(model, deadline) as network:
                weights = self._loaded_files[model.name]
                seen = self._rows.see(network.alone, weights, parts, deadline)
            if seen is not None:
                self._note_run(model, seen.seconds, len(parts))
                return [*seen.predictions]
        return [self.see(model, part, wanted, deadline)[0] for part in parts]

    def tensors(self, model: Model, image: NDArray[Any], deadline: Deadline) -> Tensors:
        """The network's outputs by name, for uint8, 1 × height × width × 3, BGR, of the network's size.

        Errors: BadParameterError (400), and those of `see`.
        """
        sides = Size(image.shape[2], image.shape[1]) if image.ndim == 4 else Size(0, 0)
        if image.dtype != np.uint8 or image.shape != (1, sides.height, sides.width, 3) or not _fits(sides, model):
            raise BadParameterError("image", f"uint8 [1, {model.input.size[1]}, {model.input.size[0]}, 3]", image.shape)
        tensors = self._run(model, np.ascontiguousarray(image), deadline, kept_tensors)
        if model.decoder != "ssd":  # past the end of its list is uninitialised memory
            for tensor in tensors.values():
                require_finite(tensor, model)
        return tensors

    def ports(self, model: Model, deadline: Deadline) -> Ports:
        """What the network of a model takes and gives, by its own names; it is loaded. Errors: those of `see`."""
        with self._network(model, deadline) as network:
            return network.alone.ports

    def infer(self, model: Model, given: Mapping[str, NDArray[Any]], deadline: Deadline) -> Tensors:
        """The outputs by name of a network that takes tensors, one for each of its `ports`, which they must fit.

        What is not finite is not looked for. Errors: those of `see`.
        """
        with self._network(model, deadline) as network:
            outputs, seconds = network.alone.tensors(given, deadline)
        self._note_run(model, seconds)
        return outputs

    def load(self, name: str, deadline: Deadline, *, fetch: bool) -> None:
        """Load a model now, whatever its last failure was; with `fetch` missing files are fetched.

        Errors: those of `see`.
        """
        model = self.find(None, name)
        with self._network(model, deadline, fetch=fetch, force=True):
            pass

    def unload(self, name: str) -> None:
        """Release a model's memory. ModelBusyError (429) if it stays in use for too long."""
        model = self.find(None, name)
        self._rows.drop(model, self._loaded_files.get(name))
        self._cache.drop(name)
        if self._watch is not None:
            self._watch.models_hold(self._cache.used_bytes)

    def state(self, name: str) -> ModelState:
        """The state of a model."""
        model, stats = self.find(None, name), self._stats[name]
        cached = self._cache.state(name)
        return ModelState(
            name=name,
            state=self._file_state(model) if cached.state == "empty" else cached.state,
            bytes=self._loader.memory(model),
            latency_ms=round(stats.seconds / stats.runs * 1000, 3) if stats.runs else None,
            runs=stats.runs,
            loads=cached.loads,
            reason=_reason(cached.error) if cached.error else None,
        )

    def identity(self, model: Model) -> dict[str, Any]:
        """Everything about a model that affects its predictions, as JSON; nothing is loaded for it."""
        return {
            "model": model.name,
            "revision": model.revision,
            "checksums": file_checksums(self._known_files(model)),
            "precision": self._loader.precision(model),
            "device": self.options.device,
            "runtime": _version(),
            "graph": graph.REVISION,
            "fit": FIT_REVISION,
            "table": self._tables[model.name],
        } | ({"batch": self.options.batch} if batching.batchable(model, self.options.batch) else {})

    def _known_files(self, model: Model) -> tuple[WeightsFile, ...]:
        try:
            return self._weights(model).files
        except (ModelAbsentError, ModelChecksumError):
            return model.files

    def _weights(self, model: Model) -> WeightsFiles:
        """The files in use if the model is loaded, else those that would be used."""
        if self._cache.state(model.name).state == "ready":
            return self._loaded_files[model.name]
        return weights_of(model, self._files)

    def _file_state(self, model: Model) -> State:
        try:
            weights_of(model, self._files)
        except (ModelAbsentError, ModelChecksumError):
            return "absent"
        return "cached"

    def _run(self, model: Model, image: Pixels, deadline: Deadline, read: Callable[[Tensors], Read]) -> Read:
        with self._network(model, deadline) as network:
            found, seconds = network.run(image, deadline, read)
        self._note_run(model, seconds)
        return found

    def _note_run(self, model: Model, seconds: float, pictures: int = 1) -> None:
        with self._stats_lock:
            stats = self._stats[model.name]
            stats.runs, stats.seconds = stats.runs + pictures, stats.seconds + seconds
        for _ in range(pictures if self._watch is not None else 0):
            cast("ModelWatch", self._watch).model_ran(model.name, seconds / pictures)

    def _network(
        self, model: Model, deadline: Deadline, *, fetch: bool = False, force: bool = False
    ) -> AbstractContextManager[Network | BatchedNetwork]:
        load = partial(self._load if self._watch is None else self._watched_load, model, fetch=fetch)
        return self._cache.use(model.name, self._loader.memory(model), load, deadline, force=force)

    def _watched_load(self, model: Model, reserve: Callable[[], None], *, fetch: bool) -> Network | BatchedNetwork:
        watch, network = cast("ModelWatch", self._watch), None
        try:
            network = self._load(model, reserve, fetch=fetch)
        finally:
            watch.model_loaded(model.name, good=network is not None)
        watch.models_hold(self._cache.used_bytes)
        return network

    def _load(self, model: Model, reserve: Callable[[], None], *, fetch: bool) -> Network | BatchedNetwork:
        graph.require_openvino(self.options.device)
        weights = weights_of(model, self._files, fetch=fetch)
        verify_file(model, weights)
        reserve()
        network = self._loader.load(model, weights)
        self._loaded_files[model.name] = weights
        return network


def _fits(sides: Size, model: Model) -> bool:
    if not model.input.dynamic:
        return sides == model.input.size
    pairs = zip(sides, model.input.size, strict=True)
    return all(0 < side <= most and side % model.input.multiple == 0 for side, most in pairs)


def _reason(error: BaseException) -> str:
    return error.detail if isinstance(error, DarkroomError) else "It could not be loaded; see the log."


def _digest(model: Model) -> str:
    """Digest of everything in a table that affects the model's predictions."""
    relevant = msgspec.structs.replace(
        model, title="", files=(), copies=(), licence="", source="", memory=1, cost=1, cost_at={}
    )
    return hashlib.sha256(msgspec.json.encode(relevant, order="sorted")).hexdigest()


@cache
def _version() -> str:
    """OpenVINO's version, without importing it."""
    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return "none"
