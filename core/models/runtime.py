"""The runtime: from a model's name to what it sees. Models are loaded when they are first asked, each once."""

import hashlib
import importlib.metadata
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.errors import BadParameterError, DarkroomError, ModelAbsentError, ModelChecksumError, UnknownModelError
from core.limits import Deadline
from core.models import graph
from core.models.blobs import Blobs
from core.models.cache import ModelCache
from core.models.decoders import DECODERS
from core.models.files import Files, WeightsFiles, file_checksums, verify_file, weights_of
from core.models.fit import Fit, fitted
from core.models.guards import finite
from core.models.manifest import Manifest, declared_labels
from core.models.model import Model, Task, WeightsFile
from core.models.network import Network, Tensors
from core.models.prediction import DetectionOptions, Prediction
from core.picture import Pixels, Size

Precision = Literal["f32", "f16", "bf16"]
State = Literal["absent", "cached", "loading", "ready", "failed"]
_LARGEST_BLOB = 128 * 1024 * 1024
"""Weights beyond this are compiled each time: to keep them takes as much memory again."""


class RuntimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How models run.

    `memory`: bytes of all that are loaded; `threads`: of one inference; `wait`: longest wait for a free infer request
    or for memory, seconds; `compiled`: folder of compiled networks, None keeps none; `defaults`: the model of a task
    where a step names none.
    """

    device: str = "CPU"
    hint: Literal["latency", "throughput"] = "latency"
    precision: Precision = "f32"
    memory: int = 1024 * 1024 * 1024
    threads: int = 1
    compiled: Path | None = None
    wait: float = 10.0
    defaults: Mapping[Task, str] = msgspec.field(default_factory=dict)


class ModelState(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model by now.

    `bytes`: memory once it is loaded; `latency_ms`: mean of the network's runs; `loads`: how often it was compiled, or
    taken from the folder of compiled ones; `reason`: why that failed last.
    """

    name: str
    state: State
    bytes: int
    latency_ms: float | None = None
    runs: int = 0
    loads: int = 0
    reason: str | None = None


class _Tally:
    """Runs of a model and their seconds."""

    def __init__(self) -> None:
        self.runs = 0
        self.seconds = 0.0


class Runtime:
    """The models of a manifest. Threads share it; `files` gives the path of a file, or fetches it if told to."""

    def __init__(self, manifest: Manifest, files: Files, options: RuntimeOptions) -> None:
        self.manifest = manifest
        self.options = options
        self._files = files
        self._shelf: ModelCache[Network] = ModelCache(options.memory, options.wait)
        self._blobs = Blobs(options.compiled)
        self._used: dict[str, WeightsFiles] = {}
        self._labels: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tallies = {name: _Tally() for name in manifest}
        self._tables = {name: _digest(model) for name, model in manifest.items()}
        self._counting = threading.Lock()

    def find(self, task: Task | None, name: str | None) -> Model:
        """The model of this name that does the task; without a name the task's default. UnknownModelError (400)."""
        if name is None and task is not None:
            name = self.options.defaults.get(task)
        model = self.manifest.get(name) if name is not None else None
        if model is None or task not in {None, model.task}:
            raise UnknownModelError(name or task or "", self.manifest.names(task))
        return model

    def labels(self, model: Model) -> tuple[str, ...]:
        """Names of the model's classes, without loading the network. ModelAbsentError where their list is not here."""
        if isinstance(model.labels, tuple) and model.labels:
            return model.labels
        weights = self._weights(model)
        key = (model.name, *file_checksums(weights.files))
        if key not in self._labels:
            self._labels[key] = declared_labels(model, weights.paths)
        return self._labels[key]

    def see(self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline) -> tuple[Prediction, Fit]:
        """What the model sees in pixels (grey, BGR or BGRA), in coordinates of its input, and where they lie in it.

        Errors: ModelError and what is below it (503), ModelBusyError (429), DeadlineExceededError (504).
        """
        image, fit = fitted(pixels, model.input)
        outputs = self._run(model, image[np.newaxis], deadline)
        prediction = DECODERS[model.decoder](list(outputs.values()), model, fit.size, wanted)
        return prediction, fit

    def tensors(self, model: Model, image: NDArray[Any], deadline: Deadline) -> Tensors:
        """The network's outputs by name, for uint8, 1 × height × width × 3, BGR, of the network's size.

        Errors: BadParameterError (400), and those of `see`.
        """
        sides = Size(image.shape[2], image.shape[1]) if image.ndim == 4 else Size(0, 0)
        if image.dtype != np.uint8 or image.shape != (1, sides.height, sides.width, 3) or not _fits(sides, model):
            raise BadParameterError("image", f"uint8 [1, {model.input.size[1]}, {model.input.size[0]}, 3]", image.shape)
        tensors = self._run(model, np.ascontiguousarray(image), deadline)
        if model.decoder != "ssd":  # behind the end of its list is whatever the memory held
            for tensor in tensors.values():
                finite(tensor, model)
        return tensors

    def load(self, name: str, deadline: Deadline, *, fetch: bool) -> None:
        """Load a model now, whatever its last failure was; with `fetch` its files are fetched where they are not here.

        Errors: those of `see`.
        """
        model = self.find(None, name)
        with self._network(model, deadline, fetch=fetch, insist=True):
            pass

    def unload(self, name: str) -> None:
        """Give back a model's memory. ModelBusyError (429) where somebody uses it for too long."""
        self._shelf.drop(self.find(None, name).name)

    def state(self, name: str) -> ModelState:
        """What is known of a model by now."""
        model, tally = self.find(None, name), self._tallies[name]
        look = self._shelf.look(name)
        return ModelState(
            name=name,
            state=self._at_hand(model) if look.state == "empty" else look.state,
            bytes=model.memory,
            latency_ms=round(tally.seconds / tally.runs * 1000, 3) if tally.runs else None,
            runs=tally.runs,
            loads=look.loads,
            reason=_reason(look.error) if look.error else None,
        )

    def identity(self, model: Model) -> dict[str, Any]:
        """All of a model that changes what it sees, as JSON; nothing is loaded for it."""
        return {
            "model": model.name,
            "revision": model.revision,
            "checksums": file_checksums(self._known_files(model)),
            "precision": self._precision(model),
            "device": self.options.device,
            "runtime": _version(),
            "graph": graph.REVISION,
            "table": self._tables[model.name],
        }

    def _known_files(self, model: Model) -> tuple[WeightsFile, ...]:
        try:
            return self._weights(model).files
        except (ModelAbsentError, ModelChecksumError):
            return model.files

    def _weights(self, model: Model) -> WeightsFiles:
        """The files that are in use where the model is loaded, else those that would be."""
        if self._shelf.look(model.name).state == "ready":
            return self._used[model.name]
        return weights_of(model, self._files)

    def _at_hand(self, model: Model) -> State:
        try:
            weights_of(model, self._files)
        except (ModelAbsentError, ModelChecksumError):
            return "absent"
        return "cached"

    def _run(self, model: Model, image: Pixels, deadline: Deadline) -> Tensors:
        with self._network(model, deadline) as network:
            outputs, took = network.run(image, deadline)
        with self._counting:
            tally = self._tallies[model.name]
            tally.runs, tally.seconds = tally.runs + 1, tally.seconds + took
        return outputs

    def _network(
        self, model: Model, deadline: Deadline, *, fetch: bool = False, insist: bool = False
    ) -> AbstractContextManager[Network]:
        load = partial(self._loaded, model, fetch=fetch)
        return self._shelf.use(model.name, model.memory, load, deadline, insist=insist)

    def _loaded(self, model: Model, reserve: Callable[[], None], *, fetch: bool) -> Network:
        """A model, from its compiled form where that was kept."""
        graph.require_openvino(self.options.device)
        weights = weights_of(model, self._files, fetch=fetch)
        verify_file(model, weights)
        reserve()
        key, config = self._key(model, weights), self._config(model)
        blob = self._blobs.load(key)
        compiled = graph.imported(blob, self.options.device, config) if blob is not None else None
        if compiled is None:
            compiled = self._compiled(model, weights, key, config)
        self._used[model.name] = weights
        return Network(model, compiled, self.options.wait)

    def _compiled(self, model: Model, weights: WeightsFiles, key: str, config: Mapping[str, Any]) -> Any:
        self._blobs.drop(key)
        compiled = graph.compiled(model, graph.read_network(model, weights.paths), self.options.device, config)
        small = sum(file.bytes for file in weights.files) <= _LARGEST_BLOB
        if self._blobs.keeps and small and (blob := graph.exported(compiled)) is not None:
            self._blobs.save(key, blob)
        return compiled

    def _key(self, model: Model, weights: WeightsFiles) -> str:
        """The name of a compiled network: everything that it depends on."""
        parts = (graph.REVISION, graph.build(self.options.device), self.options.device, self._config(model))
        about = (
            file_checksums(weights.files),
            model.input,
            model.outputs,
            model.decoder,
            model.labels,
            model.label_offset,
        )
        return hashlib.sha256(msgspec.json.encode([parts, about], order="sorted")).hexdigest()

    def _config(self, model: Model) -> dict[str, Any]:
        return graph.config(self.options.device, self.options.hint, self._precision(model), self.options.threads)

    def _precision(self, model: Model) -> Precision:
        return model.precision or self.options.precision


def _fits(sides: Size, model: Model) -> bool:
    if not model.input.dynamic:
        return sides == model.input.size
    pairs = zip(sides, model.input.size, strict=True)
    return all(0 < side <= most and side % model.input.multiple == 0 for side, most in pairs)


def _reason(error: BaseException) -> str:
    return error.detail if isinstance(error, DarkroomError) else "it could not be loaded; the log knows more"


def _digest(model: Model) -> str:
    """Of all in a table that changes what the model sees."""
    told = msgspec.structs.replace(model, title="", files=(), copies=(), licence="", source="", memory=1, cost=1)
    return hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest()


@cache
def _version() -> str:
    """OpenVINO's version, without importing it."""
    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return "none"
