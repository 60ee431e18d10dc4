"""Several parts of a picture are looked at in one run of a network, each a row: what a run costs is paid once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple

from core.errors import ModelBusyError, ModelError, ModelMismatchError
from core.limits import Deadline
from core.models.batching import BatchedNetwork
from core.models.cache import ModelCache
from core.models.decoders.heads import heads_of_rows
from core.models.files import WeightsFiles, file_checksums
from core.models.fit import fitted_rows
from core.models.loading import Loader
from core.models.model import Model
from core.models.network import Network, Tensors
from core.models.prediction import AttributeValues
from core.picture import Pixels

_MOST = 16
_PIXELS = 512 * 512
"""Most pixels of all rows of a run: what lies between a network's layers grows with them."""
_QUICK = 0.01
"""Seconds a run from which on rows bring nothing: the run itself is all there is."""


def rows_of(model: Model) -> int:
    """How many parts of a picture one run looks at, at most; 1 for networks that gain nothing by it."""
    width, height = model.input.size
    if model.task != "attributes" or model.takes_tensors or model.input.dynamic or model.work > _QUICK:
        return 1
    return max(1, min(_MOST, _PIXELS // (width * height)))


def even_shares(parts: Sequence[Pixels], most: int) -> list[Sequence[Pixels]]:
    """The parts in as few runs as can be, about as many in each: a network keeps what it prepared for that number."""
    runs = max(1, -(-len(parts) // most))
    share = max(1, -(-len(parts) // runs))
    return [parts[start : start + share] for start in range(0, len(parts), share)]


class SeenRows(NamedTuple):
    """What a network tells of each part, and the seconds that it ran."""

    predictions: list[AttributeValues]
    seconds: float


class RowNetworks:
    """Networks of several rows beside those of one, each made when it is first needed.

    They lie in the same cache, so the bound of its memory holds for them too: `capacity`, bytes.
    """

    def __init__(self, cache: ModelCache[Network | BatchedNetwork], loader: Loader, capacity: int) -> None:
        self._cache, self._loader, self._capacity = cache, loader, capacity
        self._single: set[str] = set()

    def see(
        self,
        alone: Network,
        weights: WeightsFiles,
        parts: Sequence[Pixels],
        deadline: Deadline,
    ) -> SeenRows | None:
        """What the network tells of each part, `rows_of` in a run; `alone` is the same network of one row.

        None if it takes one at a time, or where no memory is free for its rows: no other model goes for them.
        Errors: those of `Network.run`.
        """
        found = SeenRows([], 0.0)
        with self._several(alone, weights, deadline) as several:
            if several is None:
                return None
            for some in even_shares(parts, rows_of(several.model)):
                predictions, seconds = _run(several, some, deadline)
                found = SeenRows(found.predictions + predictions, found.seconds + seconds)
        return found

    @contextmanager
    def _several(self, alone: Network, weights: WeightsFiles, deadline: Deadline) -> Iterator[Network | None]:
        model, name = alone.model, _name(alone.model, weights)
        with ExitStack() as stack:
            found: Network | None = None
            if name not in self._single and self._has_room(name, model):
                with suppress(ModelError, ModelBusyError):
                    load = self._load(name, alone, weights)
                    found = stack.enter_context(self._cache.use(name, model.memory, load, deadline)).alone
            yield found

    def drop(self, model: Model, weights: WeightsFiles | None) -> None:
        """Release the memory of a model's rows. ModelBusyError."""
        if weights is not None:
            self._cache.drop(_name(model, weights))
            self._single.discard(_name(model, weights))

    def _has_room(self, name: str, model: Model) -> bool:
        there = self._cache.state(name).state in {"ready", "loading"}
        return there or self._cache.used_bytes + model.memory <= self._capacity

    def _load(self, name: str, alone: Network, weights: WeightsFiles) -> Callable[[Callable[[], None]], Network]:
        model = alone.model

        def load(reserve: Callable[[], None]) -> Network:
            reserve()
            several = self._loader.several(model, weights, alone, rows_of(model))
            if several is None:
                self._single.add(name)
                raise ModelMismatchError(f'"{model.name}" takes one picture at a time.')
            return several

        return load


def _run(several: Network, parts: Sequence[Pixels], deadline: Deadline) -> tuple[list[AttributeValues], float]:
    model = several.model

    def read(outputs: Tensors) -> list[AttributeValues]:
        return heads_of_rows(list(outputs.values()), model, len(parts))

    return several.run(fitted_rows(parts, model.input), deadline, read)


def _name(model: Model, weights: WeightsFiles) -> str:
    """A name that no model can have."""
    return f"{model.name} × {rows_of(model)} {' '.join(file_checksums(weights.files))}"
