"""Sets up the models of a server: the manifest, the weights, and the runtime that all requests share."""

import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from core.errors import ModelAbsentError, nearest
from core.limits import Deadline
from core.models.batching import Lend
from core.models.fit import Fit
from core.models.loading import RuntimeOptions
from core.models.manifest import Manifest, ManifestError
from core.models.model import TASKS, Model
from core.models.ports import Ports
from core.models.prediction import DetectionOptions, Prediction
from core.models.runtime import ModelWatch, Runtime
from core.picture import Pixels
from service.machine import cores
from service.models.warmup import Warmup
from service.models.weights import Progress, WeightsStore, no_progress
from service.settings import Settings

Tensor = NDArray[Any]
_NO_DEADLINE = 24 * 3600.0
_SHIPPED = Path(__file__).parent.parent.parent / "core" / "models" / "models.toml"


class _FetchingRuntime(Runtime):
    """A runtime whose requests download missing weights."""

    def labels(self, model: Model) -> tuple[str, ...]:
        try:
            return super().labels(model)
        except ModelAbsentError:
            self._fetch(model, Deadline(_NO_DEADLINE))
            return super().labels(model)

    def see(self, model: Model, pixels: Pixels, wanted: DetectionOptions, deadline: Deadline) -> tuple[Prediction, Fit]:
        self._fetch(model, deadline)
        return super().see(model, pixels, wanted, deadline)

    def tensors(self, model: Model, image: Tensor, deadline: Deadline) -> dict[str, Tensor]:
        self._fetch(model, deadline)
        return super().tensors(model, image, deadline)

    def ports(self, model: Model, deadline: Deadline) -> Ports:
        self._fetch(model, deadline)
        return super().ports(model, deadline)

    def _fetch(self, model: Model, deadline: Deadline) -> None:
        if self.state(model.name).state == "absent":
            self.load(model.name, deadline, fetch=True)


def open_manifest(settings: Settings) -> Manifest:
    """The shipped models and the operator's. ManifestError lists everything that is wrong with them."""
    files = [_SHIPPED, *([Path(settings.models)] if settings.models else [])]
    return _read_manifest(*((file.read_text("utf-8-sig"), file.parent) for file in files))


@lru_cache(maxsize=2)
def _read_manifest(*texts: tuple[str, Path]) -> Manifest:
    """Cached, since a start reads it twice, to check and to open, and TOML is slow to parse."""
    return Manifest.read(*texts)


def open_weights(settings: Settings, known: Manifest, progress: Progress = no_progress) -> WeightsStore:
    """The store of the files of these models."""
    owners = {file.checksum: name for name in known.names() for file in known[name].files}
    return WeightsStore(settings.models_folders(), settings.data_folder() / "models", owners, progress)


def open_runtime(
    settings: Settings, known: Manifest, watch: ModelWatch | None = None, lend: Lend = nullcontext
) -> Runtime:
    """The runtime; OpenVINO is not imported until a model is used. `watch` is told what models do.

    `lend` opens a context in which a request waits and needs no core.
    """
    options = RuntimeOptions(
        device=settings.model_device,
        hint=settings.model_hint,
        precision=settings.model_precision,
        memory=settings.model_memory,
        threads=cores(),
        compiled=settings.data_folder() / "compiled",
        wait=settings.queue_seconds,
        batch=settings.model_batch,
        batch_delay=settings.model_batch_delay,
        defaults=settings.default_models(),
    )
    kind = _FetchingRuntime if settings.model_fetch else Runtime
    return kind(known, open_weights(settings, known), options, watch, lend)


def open_warmup(settings: Settings, runtime: Runtime) -> Warmup:
    """The warmup of the models in the settings; missing weights are downloaded."""
    names = dict.fromkeys(settings.resolve_model(name) for name in settings.warm)
    return Warmup(list(names), lambda name: runtime.load(name, Deadline(_NO_DEADLINE), fetch=True))


def model_problems(settings: Settings) -> Iterator[str]:
    """Problems of the settings about models."""
    if settings.models and not Path(settings.models).is_file():
        yield "DARKROOM_MODELS is not a file."
        return
    try:
        known = open_manifest(settings)
    except ManifestError as error:
        yield from (f"DARKROOM_MODELS: {problem}" for problem in error.problems)
        return
    except (OSError, UnicodeError) as error:
        yield f"DARKROOM_MODELS cannot be read: {error}."
        return
    yield from _names(settings, known)
    yield from (f'DARKROOM_MODELS_FROM: "{folder}" is not a folder.' for folder in _missing_folders(settings))
    if settings.warm and importlib.util.find_spec("openvino") is None:
        yield "DARKROOM_WARM names models, but OpenVINO is not installed."


def _names(settings: Settings, known: Manifest) -> Iterator[str]:
    """Names of models that do not exist, or are for another task."""
    for task, name in settings.default_models().items():
        if name not in known.names(task):
            suggestion = _suggestion(name, known.names(task))
            yield f'DARKROOM_{task.upper()}_MODEL: there is no model "{name}" for {task}.{suggestion}'
    for name in settings.warm:
        if name not in {*TASKS, *known.names()}:
            yield f'DARKROOM_WARM: "{name}" is neither a task nor a model.{_suggestion(name, [*TASKS, *known.names()])}'


def _suggestion(name: str, known: Iterable[str]) -> str:
    guess = nearest(name, known)
    return f' Did you mean "{guess}"?' if guess else ""


def _missing_folders(settings: Settings) -> list[Path]:
    return [folder for folder in settings.models_folders() if not folder.is_dir()]
