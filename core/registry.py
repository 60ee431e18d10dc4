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
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from core.cost import Cost
from core.detail import Kept
from core.errors import UnknownFilterError
from core.filter import Alpha, Channels, Filter, Kind, Number, Price, Reads
from core.findings.findings import Findings
from core.imaging.geometry import Geometry
from core.language.parameters import parameter_of
from core.language.values import ModelName, doc
from core.language.words import ALIASES, NEAR
from core.models.model import Task
from core.models.vision import VisionInput
from core.picture import Frames, Moment, Picture, Pixels, Size

Function = TypeVar("Function", bound=Callable[..., Any])

_SHIPPED = "core.filters"
_DECLARED = r"(?ms)^@(?:image_filter|measure|vision)\(.*?^def (\w+)\("
_filters: dict[str, Filter] = {}


class DuplicateFilterError(TypeError):
    """Two functions are registered under one name; the text names the modules of both."""


def filters() -> dict[str, Filter]:
    """Every registered step by name, in the order of the alphabet; the shipped families are imported on first use."""
    load_package(_SHIPPED)
    return dict(sorted(_filters.items()))


def find_filter(name: str) -> Filter:
    """The step of this name, or else of this alias; UnknownFilterError (400) with the nearest one if there is none."""
    if family := _families().get(name):
        importlib.import_module(family)  # where another thread is at it, this waits until all of it is there
    known = _filters.get(name) or filters().get(name) or _filters.get(ALIASES.get(name, ""))
    if known is None:
        raise UnknownFilterError(name, filter_words())
    return known


@cache
def _families() -> dict[str, str]:
    """The module of each shipped step by its name, as their text says: importing all would delay the first answer.

    It is empty where the text is not there; then all are imported.
    """
    files = sorted((Path(__file__).parent / "filters").glob("*.py"))
    return {
        found.rstrip("_"): f"{_SHIPPED}.{file.stem}"
        for file in files for found in re.findall(_DECLARED, file.read_text(encoding="utf-8"))
    }  # fmt: skip


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
    detail: Kept = 1.0,
    gives: Channels | Callable[..., Channels | None] | None = None,
    smooth: bool | Callable[..., bool] = False,
    luma: bool = False,
    by_value: bool = False,
    averages: Callable[..., bool] = lambda **_: False,
    smaller: Callable[..., dict[str, Any] | None] = lambda _scale, **_: None,
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
            smaller=smaller, revision=revision, bound=bound, findings=findings, classes=classes, linger=linger,
            reach=reach, hides=hides, exact=exact,
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


_AROUND = Cost(pixel=2.0, fixed=200.0, alpha=25.0, grey=1.0)


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
