"""What is asked of a server, and the table «bytes in, CPU out» of what it cost."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from core import codecs
from core.errors import DarkroomError
from core.estimate import estimate
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.run import Context
from tests.hostile.bodies import DOORS, SMALL, Sent
from tests.hostile.containers import PICTURES
from tests.hostile.measuring import Cost, Server
from tests.hostile.messages import BODIES
from tests.hostile.rule import Declared, allowed_seconds, broken

LARGE, MEDIUM, LITTLE = 30 * 1024**2, 3 * 1024**2, 48 * 1024
_JSON_SHARE = 0.7
"""Base64 takes a third more than what it encodes."""
_PIPELINES = {"form": ("blur:15", "jpeg"), "raw": ("grayscale", "png"), "json": ("grayscale", "png")}


class Asked(NamedTuple):
    """A request, and what admission is told of it."""

    sent: Sent
    declared: Declared = Declared()


class Case(NamedTuple):
    """A request by its name, made when it is wanted."""

    name: str
    make: Callable[[], Asked]


class Row(NamedTuple):
    """A case's cost."""

    name: str
    mebibytes: float
    allowed: float
    cost: Cost
    broken: list[str]

    def __str__(self) -> str:
        figures = f"{self.mebibytes:8.3f} {self.cost.seconds:8.3f} {self.allowed:8.3f} {self.cost.peak:7.0f}"
        return f"{self.name:64} {figures}  {self.cost.status} {self.cost.code} {' '.join(self.broken).upper()}".rstrip()


HEAD = f"{'body':64} {'MiB in':>8} {'CPU, s':>8} {'at most':>8} {'peak':>7}  answer"


def cases(sizes: Iterable[int], doors: Iterable[str], *, bodies: bool = True) -> Iterator[Case]:
    """Each family of bodies, and each family of pictures through doors, at each size."""
    doors = list(doors)
    for size in sizes:
        for name, make in BODIES.items() if bodies else ():
            yield Case(name, partial(_asked, make, size))
        for name, picture in PICTURES.items():
            for door in doors:
                length = int(size * _JSON_SHARE) if "json" in door else size
                yield Case(f"{name} · {door}", partial(_through, door, partial(picture, length)))


def _asked(make: Callable[[int], Sent], size: int) -> Asked:
    return Asked(make(size))


def _through(door: str, picture: Callable[[], bytes]) -> Asked:
    data = picture()
    return Asked(DOORS[door](data), declared(data, door))


def files(folder: Path) -> Iterator[Case]:
    """Each file of a folder, as the picture of a form, and as the second one."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for door in ("form", "second-form"):
            yield Case(f"{path.name[:48]} · {door}", partial(_through, door, path.read_bytes))


def declared(picture: bytes, door: str) -> Declared:
    """What admission is told of the request that a door makes of a picture; nothing if it is refused before."""
    main = picture if door in _PIPELINES else SMALL
    pipeline, format_ = _PIPELINES.get(door, ("watermark:mark", "jpeg"))
    context = Context(Limits(), Deadline(Limits().seconds), lambda _: picture)
    with suppress(DarkroomError):
        output = Output(pipeline=Pipeline.parse(pipeline), format=format_)
        told = estimate([output], codecs.probe(main, context.limits), context)
        return Declared(told.work, told.memory / 1024**2)
    return Declared()


def measure(server: Server, case: Case, loaded: float = 0.0) -> Row:
    """Ask, and judge; `loaded` is memory that is no request's, in MiB. A cost above the rule is measured once more."""
    sent, told = case.make()
    told = told._replace(mebibytes=told.mebibytes + loaded)
    size = sent.mebibytes
    cost = server.ask(sent)
    if broken(cost, size, told):
        cost = server.ask(sent)
    return Row(case.name, size, allowed_seconds(size, told), cost, broken(cost, size, told))


def warm_up(server: Server) -> None:
    """Have everything imported that an ordinary request needs."""
    for make in PICTURES.values():
        for door in ("form", "second-json"):
            server.ask(DOORS[door](make(64)))
    for name, make_body in BODIES.items():
        if not name.startswith(("infer", "gzip", "deflate")):
            server.ask(make_body(64))
