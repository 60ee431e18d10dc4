"""`@image_filter`, `@measure` and `@vision`: a function's signature becomes its schema.

    @image_filter(cost=4, memory=3, alpha="premultiply", smooth=True, example="blur:15")
    def blur(pixels: Pixels, kernel: Annotated[int, odd(1, 99, "Side of the square, pixels")] = 15) -> Pixels:

The annotation of the first parameter says what the function gets, the return annotation what it returns:

| first parameter    | returns    | is                                                                          |
|--------------------|------------|-----------------------------------------------------------------------------|
| `pixels: Pixels`   | `Pixels`   | a filter; the size never changes                                            |
| `picture: Picture` | `Pixels`   | the same, for filters that look at origin or findings                       |
| `size: Size`       | `Geometry` | a geometry known from the size alone: output sizes are known before decoding |
| `picture: Picture` | `Geometry` | a geometry that depends on content; it must declare `bound`                 |
| `frames: Frames`   | `Geometry` | the same, of an animation by the content of all its frames                  |
| `picture: Picture` | JSON value | a measure (`@measure`)                                                      |
| `picture: Picture` | `Findings` | a measure that counts what was found, or finds objects itself, on every frame |
| `moment: Moment`   | `Findings` | a measure that remembers the frames before; it returns all findings         |
| `view: VisionInput` | `Findings` | a vision step (`@vision`); its first parameter is always `model`           |
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from core.cost import Cost
from core.errors import UnknownFilterError, UnknownParameterError
from core.findings.coverage import EVERYWHERE
from core.findings.findings import Findings
from core.imaging.geometry import Geometry
from core.language.parameters import Parameter, names_other, parameter_of
from core.language.values import ModelName, doc
from core.language.words import ALIASES, NEAR, parameter_named
from core.models.model import Task
from core.models.vision import MAKES, VisionInput
from core.picture import Frames, Moment, Picture, Pixels, Size

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
Number = float | Callable[..., float]
Price = float | Cost | Callable[..., float | Cost]
Channels = Literal[1, 3, 4]
Function = TypeVar("Function", bound=Callable[..., Any])


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """One step's declaration: its function, its parameters and what it costs.

    `cost` is nanoseconds a BGR pixel that comes in, or a `Cost` with its further parts; `memory` is bytes a decoded
    byte: the peak of the whole step, its input, its result and everything in between. Either may be a function of the
    parameters. `detail` is how much detail is left for an encoder, as a share of what there was: 1 unless a step makes
    flat or smooth areas. `gives` is how many channels come out, where it is not as many as go in: alpha that the step
    does not see comes on top.
    `alpha` says what the function gets of BGRA with transparent pixels, and depends on what it computes: `keep` (each
    pixel by itself) removes alpha and restores it; `premultiply` (means of neighbours) passes premultiplied BGRA;
    `fill` (edges) passes colours, those of alpha 0 replaced by the nearest visible ones, and restores alpha; `weigh`
    (statistics) passes BGRA and restores alpha on the resulting colours; `own` leaves alpha to the function. All but
    `own` pass opaque BGRA as BGR. `color` turns grey into BGR first. `smooth`, maybe a function of the
    parameters, allows shrink-on-load before: it makes no more of a small difference. `luma` says that it reads only
    luma, so that a JPEG is decoded as grey; `by_value` that it replaces each value whatever is beside it, so that
    neighbours become one table; `averages(**parameters)` that pixels become the mean of at least two of them a side.
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
    detail: Number = 1.0
    gives: Channels | Callable[..., Channels | None] | None = None
    smooth: bool | Callable[..., bool]
    revision: int
    bound: Callable[..., Size] | None
    luma: bool = False
    by_value: bool = False
    averages: Callable[..., bool] = lambda **_: False
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

    def detail_of(self, arguments: dict[str, Any]) -> float:
        """The share of detail that is left with these arguments."""
        return self.detail(**arguments) if callable(self.detail) else self.detail

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


_SHIPPED = "core.filters"
_filters: dict[str, Filter] = {}


class DuplicateFilterError(TypeError):
    """Two functions are registered under one name; the text names the modules of both."""


def filters() -> dict[str, Filter]:
    """Every registered step by name, in the order of the alphabet; the shipped families are imported on first use."""
    load_package(_SHIPPED)
    return dict(sorted(_filters.items()))


def find_filter(name: str) -> Filter:
    """The step of this name, or else of this alias; UnknownFilterError (400) with the nearest one if there is none."""
    known = _filters.get(name) or filters().get(name) or _filters.get(ALIASES.get(name, ""))
    if known is None:
        raise UnknownFilterError(name, filter_words())
    return known


def filter_words() -> dict[str, str]:
    """The name of the step that each word stands for: an alias, a word that is near, or the name itself."""
    return {**NEAR, **ALIASES, **{name: name for name in filters()}}


@cache
def load_package(package: str) -> None:
    """Import every module of a package, so that its filters register; an operator's own package loads the same way.

    If that fails, none of its filters stays registered. Errors: DuplicateFilterError, and any that the import raises.
    """
    if package != _SHIPPED:
        load_package(_SHIPPED)  # first, so that a package that repeats a name is refused here and not at a request
    registered, imported = dict(_filters), set(sys.modules)
    try:
        module = importlib.import_module(package)
        for entry in pkgutil.iter_modules(getattr(module, "__path__", ())):
            importlib.import_module(f"{package}.{entry.name}")
    except BaseException:
        _roll_back(package, registered, imported)
        raise


def _roll_back(package: str, registered: dict[str, Filter], imported: set[str]) -> None:
    """Undo a failed load: what was registered goes, and the modules too, so that they register when imported again."""
    added = [known for name, known in _filters.items() if name not in registered]
    modules = {known.function.__module__ for known in added}
    modules |= {name for name in sys.modules if name == package or name.startswith(f"{package}.")}
    for name in modules - imported:
        sys.modules.pop(name, None)
    _filters.clear()
    _filters.update(registered)
    load_package.cache_clear()


def image_filter(
    *,
    cost: Price,
    memory: Number = 4.0,
    example: str | None = None,
    alpha: Alpha = "keep",
    color: bool = False,
    detail: Number = 1.0,
    gives: Channels | Callable[..., Channels | None] | None = None,
    smooth: bool | Callable[..., bool] = False,
    luma: bool = False,
    by_value: bool = False,
    averages: Callable[..., bool] = lambda **_: False,
    revision: int = 1,
    bound: Callable[..., Size] | None = None,
    findings: Reads | Callable[..., Reads | None] | None = None,
    classes: Callable[..., Sequence[str]] | None = None,
    linger: int = 0,
    reach: Number | None = None,
    hides: bool = False,
    exact: bool | Callable[..., bool] = False,
) -> Callable[[Function], Function]:
    """Register a function as a filter under its own name (a trailing `_` is dropped: `open_` is `open`)."""

    def register(function: Function) -> Function:
        _add(
            function, "filter", cost=cost, memory=memory, example=example, alpha=alpha, color=color,
            detail=detail, gives=gives, smooth=smooth, luma=luma, by_value=by_value, averages=averages,
            revision=revision, bound=bound, findings=findings, classes=classes, linger=linger, reach=reach, hides=hides,
            exact=exact,
        )  # fmt: skip
        return function

    return register


def measure(
    *,
    cost: Price,
    memory: Number = 4.0,
    example: str | None = None,
    revision: int = 1,
    findings: Reads | None = None,
    classes: Callable[..., Sequence[str]] | None = None,
    reach: Number | None = None,
    labels: tuple[str, ...] = (),
) -> Callable[[Function], Function]:
    """Register a function as a measure: it gets the `Picture` and returns a JSON value, or a list of `Mark`s.

    `reach` is 0 where it looks at no pixel: then it may stand before what hides. With `labels` it is a vision step
    without a model, which returns `Findings` with objects of these labels; its `reach` is 0, as that of a model.
    """

    def register(function: Function) -> Function:
        _add(
            function, "vision" if labels else "measure", cost=cost, memory=memory, example=example, alpha="own",
            color=False, smooth=False, revision=revision, bound=None, findings=findings, classes=classes, reach=reach,
            labels=labels,
        )  # fmt: skip
        return function

    return register


_AROUND = Cost(pixel=0.4, fixed=200.0, alpha=30.0, grey=1.0)


def vision(
    *,
    task: Task,
    cost: Price = _AROUND,
    memory: Number = 3.0,
    example: str | None = None,
    revision: int = 1,
    ships: bool = False,
    findings: Reads | None = None,
    classes: Callable[..., Sequence[str]] | None = None,
) -> Callable[[Function], Function]:
    """Register a function as a vision step: it gets a `VisionInput` and returns `Findings`.

    `cost` and `memory` are those of the work around the network; the network's own are in the manifest. One that reads
    `findings` runs its network for each of at most `max` objects, and returns all findings.
    """

    def register(function: Function) -> Function:
        _add(
            function, "vision", cost=cost, memory=memory, example=example, alpha="own", color=False,
            smooth=False, revision=revision, bound=None, classes=classes, task=task, ships=ships, findings=findings,
        )  # fmt: skip
        return function

    return register


_WHICH = "The model to use; by default the server's own for this task"


def _asked(model: Annotated[ModelName | None, doc(_WHICH)] = None) -> None:
    """The parameter that every vision step with a model has."""


_MODEL = parameter_of(inspect.signature(_asked).parameters["model"])


_TAKES: dict[Any, str] = {
    Pixels: "pixels", Picture: "picture", Frames: "frames", Moment: "moment", Size: "size", VisionInput: "view"
}  # fmt: skip


def _add(function: Callable[..., Any], kind: Kind, *, example: str | None, **declared: Any) -> None:
    name = function.__name__.rstrip("_")
    if name in _filters:
        where = f"{_filters[name].function.__module__} and {function.__module__}"
        raise DuplicateFilterError(f'The filter "{name}" is registered twice: in {where}.')
    signature = inspect.signature(function, eval_str=True)
    first, *rest = signature.parameters.values()
    summary, _, description = inspect.cleandoc(function.__doc__ or "").partition("\n")
    if not summary:
        raise TypeError(f'The filter "{name}" needs a docstring; its first line is its summary.')
    takes: Any = _TAKES[first.annotation]
    makes = _made(kind, signature.return_annotation)
    if makes == "geometry" and takes != "size" and declared["bound"] is None:
        raise TypeError(f'The geometry "{name}" depends on content and needs a bound.')
    parameters = tuple(parameter_of(entry) for entry in rest)
    _filters[name] = Filter(
        name=name, kind=kind, function=function, parameters=(_MODEL, *parameters) if takes == "view" else parameters,
        takes=takes, makes=makes, summary=summary, description=description.strip(), example=example or name,
        family=function.__module__.rpartition(".")[2], **declared,
    )  # fmt: skip


def _made(kind: Kind, annotation: Any) -> Any:
    """What a step produces, by its return annotation."""
    named = {Geometry: "geometry", Findings: "findings"}.get(annotation)
    return named or ("measure" if kind == "measure" else "pixels")
