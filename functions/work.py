"""From a parcel and an order to results: probe, settle, check, wait for a core, process."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from core import codecs
from core.errors import DarkroomError
from core.findings.export import Form, check_form
from core.identity import digest, etag, sha256
from core.language.values import PictureName
from core.limits import Deadline, Limits
from core.models.requirements import identities
from core.picture import Origin
from core.process import JSON, Output, Result, check, process
from core.run import NO_MODELS, Context, Models, other_bytes
from functions.admission import Gate
from functions.negotiate import Settled
from functions.options import Order, Want
from functions.source import Parcel
from functions.timing import Timings
from storage.objects import Stat

Settler = Callable[[Order, Want, Origin], Settled]


class Bench(msgspec.Struct, frozen=True):
    """What all requests share: limits, presets, the folder of assets, the gate before the cores, the models."""

    limits: Limits
    presets: Mapping[str, str]
    assets: Path
    gate: Gate
    models: Models = NO_MODELS


class Made(msgspec.Struct, frozen=True):
    """One result, how it comes back (`as_json`, and in which `form`), and what identifies it."""

    result: Result
    as_json: bool
    digest: str
    form: Form | None = None


class Delivery(msgspec.Struct, frozen=True):
    """All results of a request, in order, and their ETag for one representation.

    `stored` are the objects that were written, by the name of the output.
    """

    parcel: Parcel
    order: Order
    made: list[Made]
    source: str
    stored: Mapping[str, Stat] = {}

    def etag(self, representation: str) -> str:
        """A strong ETag of these results in this representation."""
        return etag(self.source, ",".join(made.digest for made in self.made), representation)


def deliver(
    bench: Bench, parcel: Parcel, order: Order, settler: Settler, timings: Timings, deadline: Deadline | None = None
) -> Delivery:
    """Do the work, by a deadline that may have begun earlier.

    Errors: all of core/errors.py, QueueFullError (429); the output that fails is named.
    """
    origin = codecs.probe(parcel.picture, bench.limits)
    settled = [settler(order, want, origin) for want in order.wants]
    outputs = [
        _output(want, way, include="image" in order.include) for want, way in zip(order.wants, settled, strict=True)
    ]
    deadline = deadline or Deadline(bench.limits.seconds)
    context = Context(bench.limits, deadline, _pictures(parcel.parts, bench.assets), timings, bench.models)
    for want, output in zip(order.wants, outputs, strict=True):
        with named(output.name):
            if want.findings:
                check_form(want.findings, want.pipeline)
            check([output], origin, context)
    with bench.gate.enter(deadline.remaining(), timings):
        results = _results(process(parcel.picture, origin, outputs, context), outputs)
    made = [
        Made(result, way.as_json, _digest(want, result.output, way, context), want.findings)
        for want, result, way in zip(order.wants, results, settled, strict=True)
    ]
    return Delivery(parcel, order, made, _source(parcel))


def _source(parcel: Parcel) -> str:
    """What identifies the source: its address and version, or its checksum."""
    return f"{parcel.stat.address} {parcel.stat.version}" if parcel.stat else sha256(parcel.picture)


def _output(want: Want, way: Settled, *, include: bool) -> Output:
    image = (include or not way.as_json) and want.findings is None
    return Output(name=want.name, pipeline=want.pipeline, format=way.format, options=want.options, image=image)


def _results(results: Iterator[Result], outputs: Iterable[Output]) -> list[Result]:
    made = []
    for output in outputs:
        with named(output.name):
            made.append(next(results))
    return made


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put the output's name into an error on its way up."""
    try:
        yield
    except DarkroomError as error:
        if name:
            error.fields["output"] = name
        raise


def _digest(want: Want, output: Output, way: Settled, context: Context) -> str:
    others = {name: other_bytes(name, context) for name in output.pipeline.others()}
    shown = want.findings or (output.format if output.image or not way.as_json else JSON)
    return digest(output.pipeline, shown, output.options, others, identities(output.pipeline, context.models))


def _pictures(parts: Mapping[str, bytes], assets: Path) -> Callable[[str], bytes]:
    """Second pictures by name: the request's own parts first, then the assets."""

    def find(name: str) -> bytes:
        return parts[name] if name in parts else asset(name, assets)

    return find


def asset(name: str, folder: Path) -> bytes:
    """The asset of this name, with or without its extension; KeyError where there is none."""
    try:
        PictureName.parse(name)
    except ValueError:
        raise KeyError(name) from None
    found = [path for path in (folder / name, *sorted(folder.glob(f"{name}.*"))) if path.is_file()]
    if not found:
        raise KeyError(name)
    return found[0].read_bytes()
