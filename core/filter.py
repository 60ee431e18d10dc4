"""What a step declares of itself; `core/registry.py` makes it of a function."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.cost import Cost
from core.detail import Kept, Left, left, left_by_table
from core.errors import UnknownParameterError
from core.findings.coverage import EVERYWHERE
from core.language.parameters import Parameter, names_other
from core.language.words import parameter_named
from core.models.model import Task
from core.models.vision import MAKES
from core.picture import Size

Kind = Literal["filter", "measure", "vision"]
Need = Literal["pictures", "findings", "model"]
Alpha = Literal["keep", "premultiply", "fill", "weigh", "own"]
Reads = Literal["objects", "segments", "areas", "any"]
"""Findings that a step reads: objects, class maps, either, or whatever a vision step makes."""
_FEEDS: dict[Reads, tuple[str, ...]] = {
    "objects": ("objects",),
    "segments": ("segments",),
    "areas": ("objects", "segments"),
    "any": ("objects", "segments", "labels"),
}
_RAMP = np.arange(256, dtype=np.uint8).reshape(1, 256, 1)
Number = float | Callable[..., float]
Price = float | Cost | Callable[..., float | Cost]
Channels = Literal[1, 3, 4]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One step's declaration: its function, its parameters and what it costs.

    `cost` is nanoseconds a BGR pixel that comes in, or a `Cost` with its further parts; `memory` is bytes a decoded
    byte: the peak of the whole step, its input, its result and everything in between. Either may be a function of
    the parameters. `detail` is how much detail is left for an encoder, as a share of what there was: 1 unless a
    step makes flat or smooth areas, or a `Left` that says more; of a step that replaces values its table tells,
    and of a geometry its sizes unless it declares a `Left`.
    `gives` is how many channels come out, where it is not as many as go in: alpha that the step does not see
    comes on top.
    `alpha` says what the function gets of BGRA with transparent pixels, and depends on what it computes: `keep` (each
    pixel by itself) removes alpha and restores it; `premultiply` (means of neighbours) passes premultiplied BGRA;
    `fill` (edges) passes colours, those of alpha 0 replaced by the nearest visible ones, and restores alpha; `weigh`
    (statistics) passes BGRA and restores alpha on the resulting colours; `own` leaves alpha to the function. All but
    `own` pass opaque BGRA as BGR. `color` turns grey into BGR first. `smooth`, maybe a function of the
    parameters, allows shrink-on-load before: it makes no more of a small difference. `luma` says that it reads only
    luma, so that a JPEG is decoded as grey; `by_value` that it replaces each value whatever is beside it, so that
    neighbours become one table; `averages(**parameters)` that pixels become the mean of at least two of them a side.
    `smaller(scale, **parameters)` are the parameters with which it does the same to a picture that is decoded at
    1/`scale` and enlarged after it, linearly; None where that would show.
    `bound` gives the largest size a content-dependent geometry can make: `bound(size, **parameters) -> Size`.
    `reach` is how far away, in pixels along either axis, a pixel may be that changes one of the result: a number or a
    function of the parameters; EVERYWHERE where there is no bound, and so of a step that does not say. A geometry's is
    of what decides it: 0 where that is its parameters, and the kernel's own reach is the geometry's. A measure's is 0
    where it looks at no pixel. `hides` says that a step is there to hide what was found.
    `exact` says that a geometry only moves whole samples with these parameters and looks at none, so that it may be
    taken on 16 bits. `findings` is what it reads, and `classes` which classes it names, by its parameters. `linger` is
    for how many frames a step still gets findings that are no longer detected. `task` is a vision step's, and `ships`
    says that its default model comes with the server. `labels` are what a step without a model may find.
    """

    name: str
    kind: Kind
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    takes: Literal["pixels", "picture", "frames", "moment", "size", "view"]
    makes: Literal["pixels", "geometry", "measure", "findings"]
    summary: str
    description: str
    example: str
    family: str
    cost: Price
    memory: Number
    alpha: Alpha
    color: bool
    detail: Kept = 1.0
    gives: Channels | Callable[..., Channels | None] | None = None
    smooth: bool | Callable[..., bool]
    revision: int
    bound: Callable[..., Size] | None
    luma: bool = False
    by_value: bool = False
    averages: Callable[..., bool] = lambda **_: False
    smaller: Callable[..., dict[str, Any] | None] = lambda _scale, **_: None
    findings: Reads | Callable[..., Reads | None] | None = None
    classes: Callable[..., Sequence[str]] | None = None
    linger: int = 0
    reach: Number | None = None
    hides: bool = False
    exact: bool | Callable[..., bool] = False
    task: Task | None = None
    ships: bool = False
    labels: tuple[str, ...] = ()

    @property
    def finds(self) -> bool:
        """Whether it may find objects, labels or maps."""
        return self.task is not None or bool(self.labels)

    @property
    def needs(self) -> list[Need]:
        """What it always needs beside its picture: `pictures`, `findings`, or a `model` that does not ship."""
        pictures = any(names_other(parameter.kind) for parameter in self.parameters)
        model = self.task is not None and not self.ships
        findings = self.reads({parameter.name: parameter.default for parameter in self.parameters}) is not None
        needed: dict[Need, bool] = {"pictures": pictures, "findings": findings, "model": model}
        return [name for name, is_needed in needed.items() if is_needed]

    def reads(self, arguments: dict[str, Any]) -> Reads | None:
        """The findings that it reads with these arguments."""
        return self.findings(**arguments) if callable(self.findings) else self.findings

    def names(self, arguments: dict[str, Any]) -> Sequence[str]:
        """The classes that it names with these arguments."""
        return self.classes(**arguments) if self.classes else ()

    def feeds(self, reads: Reads) -> bool:
        """Whether it produces such findings."""
        return (MAKES.get(self.task or "") or (self.labels and "objects")) in _FEEDS[reads]

    def parameter(self, name: str) -> Parameter:
        """The parameter of this name; UnknownParameterError (400) with the nearest one where there is none."""
        meant = parameter_named(name, [parameter.name for parameter in self.parameters])
        for parameter in self.parameters:
            if parameter.name == meant:
                return parameter
        raise UnknownParameterError(self.name, name, [parameter.name for parameter in self.parameters])

    def cost_of(self, arguments: dict[str, Any]) -> Cost:
        """What it costs with these arguments."""
        cost = self.cost(**arguments) if callable(self.cost) else self.cost
        return cost if isinstance(cost, Cost) else Cost(pixel=cost)

    def left_of(self, arguments: dict[str, Any]) -> Left:
        """What is left of a picture's detail with these arguments."""
        if self.by_value:
            return left_by_table(self.table_of(arguments))
        return left(self.detail(**arguments) if callable(self.detail) else self.detail)

    def table_of(self, arguments: dict[str, Any]) -> NDArray[np.uint8]:
        """What a filter that replaces values makes of each, one row a value and one column a channel."""
        ramp = np.repeat(_RAMP, 3 if self.color else 1, axis=2)
        table: NDArray[np.uint8] = self.function(ramp, **arguments)
        return table.reshape(256, -1)

    def gives_of(self, arguments: dict[str, Any]) -> Channels | None:
        """How many channels come out with these arguments; None for as many as go in."""
        return self.gives(**arguments) if callable(self.gives) else self.gives

    def memory_of(self, arguments: dict[str, Any]) -> float:
        """Peak bytes a decoded byte with these arguments."""
        return self.memory(**arguments) if callable(self.memory) else self.memory

    def reach_of(self, arguments: dict[str, Any]) -> float:
        """How far away a pixel may be that changes one of the result, pixels, with these arguments."""
        if self.takes == "size" or self.task is not None:
            return 0
        return self.reach(**arguments) if callable(self.reach) else EVERYWHERE if self.reach is None else self.reach

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the parameters as an object."""
        properties = {parameter.name: parameter.schema() for parameter in self.parameters}
        required = [parameter.name for parameter in self.parameters if parameter.required]
        shape: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**shape, "required": required} if required else shape
