"""`@image_filter`, `@measure` and `@vision`: a function's signature becomes its schema.

    @image_filter(cost=4, memory=3, alpha="premultiply", smooth=True, example="blur:15")
    def blur(pixels: Pixels, kernel: Annotated[int, odd(1, 99, "Side of the square, pixels")] = 15) -> Pixels:

The first parameter says what the function is handed, the return annotation what it gives back:

| handed             | gives      | is                                                                          |
|--------------------|------------|-----------------------------------------------------------------------------|
| `pixels: Pixels`   | `Pixels`   | a filter; the size never changes                                            |
| `picture: Picture` | `Pixels`   | the same, for filters that look at origin or findings                       |
| `size: Size`       | `Geometry` | a geometry known from the size alone: output sizes are known before decoding |
| `picture: Picture` | `Geometry` | a geometry that depends on content; it must declare `bound`                 |
| `frames: Frames`   | `Geometry` | the same, of an animation by the content of all its frames                  |
| `picture: Picture` | JSON value | a measure (`@measure`)                                                      |
| `picture: Picture` | `Findings` | a measure that counts what was found, on every frame                        |
| `view: View`       | `Findings` | a vision step (`@vision`); its first parameter is always `model`            |
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from core.errors import UnknownFilterError, UnknownParameterError
from core.findings.coverage import EVERYWHERE
from core.findings.findings import Findings
from core.imaging.geometry import Geometry
from core.language.parameters import Parameter, names_other, parameter_of
from core.language.values import ModelName, doc
from core.models.model import Task
from core.models.vision import MAKES, VisionInput
from core.picture import Frames, Picture, Pixels, Size

Kind = Literal["filter", "measure", "vision"]
Alpha = Literal["keep", "premultiply", "fill", "weigh", "own"]
Reads = Literal["objects", "segments", "areas", "any"]
"""Findings that a step reads: objects, class maps, either, or whatever a vision step makes."""
_FEEDS: dict[Reads, tuple[str, ...]] = {
    "objects": ("objects",),
    "segments": ("segments",),
    "areas": ("objects", "segments"),
    "any": ("objects", "segments", "labels"),
}
Number = float | Callable[..., float]
Function = TypeVar("Function", bound=Callable[..., Any])


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One step's declaration: its function, its parameters and what it costs.

    `cost` is nanoseconds a pixel and `memory` bytes a decoded byte, each a number or a function of the parameters.
    `memory` is the peak of the whole step: the picture it is handed, its result and all between.
    `alpha` says what the function sees of BGRA of which something is transparent, and is told by what it looks at:
    `keep` (each pixel by itself) hides it and puts it back; `premultiply` (means of neighbours) gives premultiplied
    BGRA; `fill` (edges) gives colours, those of alpha 0 replaced by the nearest that are seen, and puts alpha back;
    `weigh` (statistics) gives BGRA and puts alpha back on the colours that come out; `own` leaves all to the function.
    Opaque BGRA is handed over as BGR by all but `own`. `color` turns grey into BGR first. `smooth` allows
    shrink-on-load before.
    `luma` says that nothing but the picture's luma is looked at, so that a JPEG before it is decoded as grey;
    `averages(**parameters)` that each pixel becomes the mean of at least two a side.
    `bound` gives the largest size a content-dependent geometry can make: `bound(size, **parameters) -> Size`.
    `reach` is how far away, in pixels along either axis, a pixel may be that changes one of the result: a number or a
    function of the parameters; EVERYWHERE where there is no bound, and so of a step that does not say. A geometry's is
    of what decides it: 0 where that is its parameters, and the kernel's own reach is the geometry's. A measure's is 0
    where it looks at no pixel. `hides` says that a step is there to hide what was found.
    `findings` is what it reads, and `classes` which classes it names, by its parameters. `linger` is for how many
    frames a step is still handed what is no longer seen. `task` is a vision step's, and `ships` says that
    the model it asks by default comes with the server.
    """

    name: str
    kind: Kind
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    takes: Literal["pixels", "picture", "frames", "size", "view"]
    makes: Literal["pixels", "geometry", "measure", "findings"]
    summary: str
    description: str
    example: str
    family: str
    cost: Number
    memory: Number
    alpha: Alpha
    color: bool
    smooth: bool
    revision: int
    bound: Callable[..., Size] | None
    luma: bool = False
    averages: Callable[..., bool] = lambda **_: False
    findings: Reads | Callable[..., Reads | None] | None = None
    classes: Callable[..., Sequence[str]] | None = None
    linger: int = 0
    reach: Number | None = None
    hides: bool = False
    task: Task | None = None
    ships: bool = False

    @property
    def needs(self) -> list[str]:
        """What it needs beside its picture, always: `pictures`, `findings`, or a `model` that does not ship."""
        pictures = any(names_other(parameter.kind) for parameter in self.parameters)
        model = self.task is not None and not self.ships
        findings = self.reads({parameter.name: parameter.default for parameter in self.parameters}) is not None
        return ["pictures"] * pictures + ["findings"] * findings + ["model"] * model

    def reads(self, arguments: dict[str, Any]) -> Reads | None:
        """The findings that it reads with these arguments."""
        return self.findings(**arguments) if callable(self.findings) else self.findings

    def names(self, arguments: dict[str, Any]) -> Sequence[str]:
        """The classes that it names with these arguments."""
        return self.classes(**arguments) if self.classes else ()

    def feeds(self, reads: Reads) -> bool:
        """Whether it makes such findings."""
        return MAKES.get(self.task or "") in _FEEDS[reads]

    def parameter(self, name: str) -> Parameter:
        """The parameter of this name; UnknownParameterError (400) with the nearest one where there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise UnknownParameterError(self.name, name, [parameter.name for parameter in self.parameters])

    def cost_of(self, arguments: dict[str, Any]) -> float:
        """Nanoseconds a pixel with these arguments."""
        return self.cost(**arguments) if callable(self.cost) else self.cost

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


_filters: dict[str, Filter] = {}


def filters() -> dict[str, Filter]:
    """Every registered step by name, in the order of the alphabet; the shipped families are imported on first use."""
    load_package("core.filters")
    return dict(sorted(_filters.items()))


def find_filter(name: str) -> Filter:
    """The step of this name; UnknownFilterError (400) with the nearest one where there is none."""
    known = _filters.get(name) or filters().get(name)
    if known is None:
        raise UnknownFilterError(name, filters())
    return known


@cache
def load_package(package: str) -> None:
    """Import every module of a package, so that its filters register; a package of one's own is loaded the same way."""
    module = importlib.import_module(package)
    for entry in pkgutil.iter_modules(getattr(module, "__path__", ())):
        importlib.import_module(f"{package}.{entry.name}")


def image_filter(
    *,
    cost: Number,
    memory: Number = 4.0,
    example: str | None = None,
    alpha: Alpha = "keep",
    color: bool = False,
    smooth: bool = False,
    luma: bool = False,
    averages: Callable[..., bool] = lambda **_: False,
    revision: int = 1,
    bound: Callable[..., Size] | None = None,
    findings: Reads | Callable[..., Reads | None] | None = None,
    classes: Callable[..., Sequence[str]] | None = None,
    linger: int = 0,
    reach: Number | None = None,
    hides: bool = False,
) -> Callable[[Function], Function]:
    """Register a function as a filter under its own name (a trailing `_` is dropped: `open_` is `open`)."""

    def register(function: Function) -> Function:
        _add(
            function, "filter", cost=cost, memory=memory, example=example, alpha=alpha, color=color,
            smooth=smooth, luma=luma, averages=averages, revision=revision, bound=bound,
            findings=findings, classes=classes, linger=linger, reach=reach, hides=hides,
        )  # fmt: skip
        return function

    return register


def measure(
    *,
    cost: Number,
    memory: Number = 4.0,
    example: str | None = None,
    revision: int = 1,
    findings: Reads | None = None,
    classes: Callable[..., Sequence[str]] | None = None,
    reach: Number | None = None,
) -> Callable[[Function], Function]:
    """Register a function as a measure: it is handed the `Picture` and gives a JSON value, or a list of `Mark`s.

    `reach` is 0 where it looks at no pixel: then it may stand before what hides.
    """

    def register(function: Function) -> Function:
        _add(
            function, "measure", cost=cost, memory=memory, example=example, alpha="own", color=False,
            smooth=False, revision=revision, bound=None, findings=findings, classes=classes, reach=reach,
        )  # fmt: skip
        return function

    return register


def vision(
    *,
    task: Task,
    cost: Number = 10.0,
    memory: Number = 3.0,
    example: str | None = None,
    revision: int = 1,
    ships: bool = False,
    classes: Callable[..., Sequence[str]] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as a vision step: it is handed a `View` and gives `Findings`.

    `cost` and `memory` are of all that is done around the network; its own cost is in the manifest.
    """

    def register(function: Function) -> Function:
        _add(
            function, "vision", cost=cost, memory=memory, example=example, alpha="own", color=False,
            smooth=False, revision=revision, bound=None, classes=classes, task=task, ships=ships,
        )  # fmt: skip
        return function

    return register


_WHICH = "Which model looks; left out, the server's own for this task"
_MODEL = parameter_of(
    inspect.Parameter(
        "model",
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[ModelName | None, doc(_WHICH)],
    )
)


_TAKES: dict[Any, str] = {
    Pixels: "pixels", Picture: "picture", Frames: "frames", Size: "size", VisionInput: "view"
}  # fmt: skip


def _add(function: Callable[..., Any], kind: Kind, *, example: str | None, **declared: Any) -> None:
    name = function.__name__.rstrip("_")
    signature = inspect.signature(function, eval_str=True)
    first, *rest = signature.parameters.values()
    summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
    if not summary:
        raise TypeError(f"filter «{name}» needs a docstring: its first line is for users")
    takes: Any = _TAKES[first.annotation]
    makes = _made(kind, signature.return_annotation)
    if makes == "geometry" and takes != "size" and declared["bound"] is None:
        raise TypeError(f"geometry «{name}» depends on content: it needs a bound")
    parameters = tuple(parameter_of(entry) for entry in rest)
    _filters[name] = Filter(
        name=name, kind=kind, function=function, parameters=(_MODEL, *parameters) if takes == "view" else parameters,
        takes=takes, makes=makes, summary=summary, description=description.strip(), example=example or name,
        family=function.__module__.rpartition(".")[2], **declared,
    )  # fmt: skip


def _made(kind: Kind, annotation: Any) -> Any:
    """What a step makes, by its return annotation."""
    named = {Geometry: "geometry", Findings: "findings"}.get(annotation)
    return named or ("measure" if kind == "measure" else "pixels")
