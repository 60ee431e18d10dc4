"""From a model's files to its network that runs: compiled, tried and, where it takes batches, compiled for them too."""

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.models import batching, graph, trial
from core.models.batching import BatchedNetwork, Lend
from core.models.compile_cache import CompileCache
from core.models.files import WeightsFiles, file_checksums
from core.models.manifest import declared_labels
from core.models.model import Model, Task
from core.models.network import Network

Precision = Literal["f32", "f16", "bf16"]
_LARGEST_BLOB = 128 * 1024 * 1024
"""Networks with more weights are compiled each time: exporting one takes as much memory again."""
_logger = logging.getLogger("darkroom")


class RuntimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How models run.

    `memory`: bytes of all loaded models; `threads`: per inference; `wait`: longest wait for a free infer request or for
    memory, seconds; `compiled`: folder of compiled networks, None for none; `batch`: most requests that become one run
    of a network, 1 for none, and `batch_delay` the longest that one waits for others, seconds; `defaults`: the model of
    a task where a step names none.
    """

    device: str = "CPU"
    hint: Literal["latency", "throughput"] = "latency"
    precision: Precision = "f32"
    memory: int = 1024 * 1024 * 1024
    threads: int = 1
    compiled: Path | None = None
    wait: float = 10.0
    batch: int = 1
    batch_delay: float = 0.002
    defaults: Mapping[Task, str] = msgspec.field(default_factory=dict)


class Loader:
    """Makes networks of files that are there and verified; compiled ones are kept in the folder of the options."""

    def __init__(self, options: RuntimeOptions, lend: Lend) -> None:
        self._options, self._lend = options, lend
        self._kept = CompileCache(options.compiled)

    def precision(self, model: Model) -> Precision:
        """What a model computes in."""
        return model.precision or self._options.precision

    def memory(self, model: Model) -> int:
        """Bytes of a loaded model: with batches its network is there twice."""
        return model.memory * (2 if batching.batchable(model, self._options.batch) else 1)

    def load(self, model: Model, weights: WeightsFiles) -> Network | BatchedNetwork:
        """The network of these files, from its compiled form if that is kept. Errors: ModelError and below (503)."""
        key, config = self._key(model, weights), self._config(model)
        blob = self._kept.load(key)
        compiled = graph.imported(blob, self._options.device, config) if blob is not None else None
        if compiled is None:
            compiled = self._compile(model, weights, key, config)
        alone = Network(model, compiled, self._options.wait)
        return self._batched(model, weights, alone) or alone

    def _batched(self, model: Model, weights: WeightsFiles, alone: Network) -> BatchedNetwork | None:
        """The network for batches beside the one for single pictures; None if it takes none, or they are not wanted."""
        most = self._options.batch
        if not batching.batchable(model, most):
            return None
        several = self.several(model, weights, alone, most)
        if several is None:
            return None
        return BatchedNetwork(alone, several, most, self._options.batch_delay, self._options.wait, self._lend)

    def several(self, model: Model, weights: WeightsFiles, alone: Network, most: int) -> Network | None:
        """The network for up to `most` pictures at a time; None if it takes only one, or mixes them."""
        config = self._config(model)
        key = hashlib.sha256(f"{self._key(model, weights)} {most} {batching.TOLERANCE}".encode()).hexdigest()
        blob = self._kept.load(key)
        compiled = graph.imported(blob, self._options.device, config) if blob is not None else None
        if compiled is None:
            compiled = self._compile_several(model, weights, alone, most, key)
        if compiled is None:
            _logger.info('"%s" takes one picture at a time: no batches are made of it.', model.name)
            return None
        return Network(model, compiled, self._options.wait)

    def _compile_several(self, model: Model, weights: WeightsFiles, alone: Network, most: int, key: str) -> Any | None:
        network = graph.batched(graph.read_network(model, weights.paths), most)
        if network is None:
            return None
        compiled = graph.compiled(model, network, self._options.device, self._config(model))
        several = Network(model, compiled, self._options.wait)
        if not batching.same_rows(alone, several, most, self.precision(model)):
            return None
        self._keep(key, compiled, weights)
        return compiled

    def _compile(self, model: Model, weights: WeightsFiles, key: str, config: Mapping[str, Any]) -> Any:
        self._kept.delete(key)
        compiled = graph.compiled(model, graph.read_network(model, weights.paths), self._options.device, config)
        trial.try_out(Network(model, compiled, self._options.wait), model, declared_labels(model, weights.paths))
        self._keep(key, compiled, weights)
        return compiled

    def _keep(self, key: str, compiled: Any, weights: WeightsFiles) -> None:
        small = sum(file.bytes for file in weights.files) <= _LARGEST_BLOB
        if self._kept.enabled and small and (blob := graph.exported(compiled)) is not None:
            self._kept.save(key, blob)

    def _key(self, model: Model, weights: WeightsFiles) -> str:
        """The key of a compiled network: everything that it depends on."""
        parts = (
            graph.REVISION,
            trial.REVISION,
            graph.build(self._options.device),
            self._options.device,
            self._config(model),
        )
        table = (model.input, model.constants, model.outputs, model.decoder, model.heads)
        about = (file_checksums(weights.files), *table, model.labels, model.label_offset, model.keypoints)
        return hashlib.sha256(msgspec.json.encode([parts, about], order="sorted")).hexdigest()

    def _config(self, model: Model) -> dict[str, Any]:
        return graph.config(self._options.device, self._options.hint, self.precision(model), self._options.threads)
