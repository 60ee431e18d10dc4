"""The processor, the one way from bytes to results: context, admission, run and digest."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from core import codecs
from core.cost import Estimate
from core.errors import DarkroomError
from core.estimate import estimate
from core.identity import digest
from core.known import Kept
from core.language.values import PictureName
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Origin
from core.pipeline import Pipeline
from core.planner.rules import NAMES as RULES
from core.process import Result, process
from core.requirements import model_identities
from core.run import NO_MODELS, UNWATCHED, Context, Models, Probe
from service.admission import Admission


class Processor(msgspec.Struct, frozen=True):
    """What all requests share: limits, presets, assets, admission, models, the planner's rules, estimates of before."""

    limits: Limits
    presets: Mapping[str, str]
    assets: Path
    admission: Admission
    models: Models = NO_MODELS
    rules: frozenset[str] = RULES
    costs: Kept = msgspec.field(default_factory=Kept)

    def context(
        self, deadline: Deadline | None = None, probe: Probe = UNWATCHED, pictures: Mapping[str, bytes] | None = None
    ) -> Context:
        """The context of a run. Second pictures are looked up in `pictures` first, then among the assets."""
        deadline = deadline or Deadline(self.limits.seconds)
        loader = self._picture_loader(pictures or {})
        return Context(self.limits, deadline, loader, probe, self.models, rules=self.rules, costs=self.costs)

    def probe(self, picture: bytes) -> Origin:
        """Read a picture's header. Errors: 413, 415 and 422 of core/errors.py."""
        return codecs.probe(picture, self.limits)

    def process(self, picture: bytes, origin: Origin, outputs: Sequence[Output], context: Context) -> list[Result]:
        """Compute each output once a core is free. An error names its output.

        Errors: all of core/errors.py; QueueFullError (429) if no core becomes free in time.
        """
        with self.admitted(estimate(outputs, origin, context), context):
            return list(_naming_each(process(picture, origin, outputs, context), outputs))

    def admitted(self, cost: Estimate, context: Context) -> AbstractContextManager[None]:
        """Hold a core while the context is open, after waiting for it until the deadline; QueueFullError (429)."""
        return self.admission.enter(cost, context.deadline, context.probe)

    def digest(self, output: Output, format: str, context: Context) -> str:  # noqa: A002
        """The digest of an output in this format, known before the source is read; `format` may be `json`."""
        return self.pipeline_digest(output.pipeline, format, output.options, context)

    def pipeline_digest(
        self,
        pipeline: Pipeline,
        format: str,  # noqa: A002
        options: codecs.EncodeOptions,
        context: Context,
    ) -> str:
        """The digest of a pipeline's result (core/identity.py). UnknownPictureError: a second picture is missing."""
        others = {name: context.second_file(name).data for name in pipeline.others()}
        return digest(pipeline, format, options, others, model_identities(pipeline, self.models), self.rules)

    def _picture_loader(self, pictures: Mapping[str, bytes]) -> Callable[[str], bytes]:
        return lambda name: pictures[name] if name in pictures else read_asset(name, self.assets)


def _naming_each(results: Iterator[Result], outputs: Sequence[Output]) -> Iterator[Result]:
    for output in outputs:
        with naming_output(output.name):
            yield next(results)


@contextmanager
def naming_output(name: str) -> Iterator[None]:
    """Add the output's name to an error that passes through."""
    try:
        yield
    except DarkroomError as error:
        if name:
            error.fields.setdefault("output", name)
        raise


def read_asset(name: str, folder: Path) -> bytes:
    """The asset of this name, with or without its extension; KeyError if there is none."""
    try:
        PictureName.parse(name)
    except ValueError:
        raise KeyError(name) from None
    paths = [path for path in (folder / name, *sorted(folder.glob(f"{name}.*"))) if path.is_file()]
    if not paths:
        raise KeyError(name)
    return paths[0].read_bytes()
