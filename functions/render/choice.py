"""What identifies a render before its source is read: the version, the pipeline, and how its format is chosen."""

from collections.abc import Callable, Mapping

import msgspec

from core.codecs import FORMATS
from core.identity import digest, etag
from core.limits import Deadline
from core.models.requirements import identities
from core.run import Context, other_bytes
from functions.negotiate import JSON_TYPE, accepted, ranked
from functions.options import Want
from functions.work import Bench, asset
from storage.objects import Stat


class Ask(msgspec.Struct, frozen=True):
    """What one request wants of a source: a result, what a JSON answer holds beside it, and the Accept header."""

    want: Want
    include: frozenset[str]
    accept: str


class Known:
    """What requests asked for lately, read once: a page's pictures are asked for by the same few texts."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._found: dict[tuple[str, bytes, str], tuple[Ask, str, str]] = {}

    def get(self, key: tuple[str, bytes, str], read: Callable[[], Ask], bench: Bench) -> tuple[Ask, str, str]:
        """The ask of a request, digest and canonical text; anew where files or models settle them."""
        found = self._found.get(key)
        if found is None:
            ask = read()
            pipeline = ask.want.pipeline
            found = ask, digest_of(ask, bench), pipeline.canonical
            if not pipeline.others() and not any(step.filter.task for step in pipeline.steps):
                if len(self._found) >= self._most:
                    self._found.clear()
                self._found[key] = found
        return found


def etag_of(ask: Ask, made: str, stat: Stat) -> str:
    """A strong ETag. Of a version, the choice of the format settles the format, so no byte need be read for it."""
    return etag(f"{stat.address} {stat.version}", made, "+".join(sorted(ask.include)))


def digest_of(ask: Ask, bench: Bench) -> str:
    """The digest of what is asked for, whatever format the source will have."""
    pipeline = ask.want.pipeline
    context = Context(bench.limits, Deadline(bench.limits.seconds), lambda name: asset(name, bench.assets))
    others = {name: other_bytes(name, context) for name in pipeline.others()}
    return digest(pipeline, choice(ask), ask.want.options, others, identities(pipeline, bench.models))


def choice(ask: Ask) -> str:
    """The format, if it is named; else how Accept ranks what we write, with all encoders' revisions."""
    want = ask.want
    if want.findings is None and want.format in FORMATS:
        return str(want.format)
    named = dict(accepted(ask.accept))
    ranks = [known.name for known in ranked(named, moves=False)]
    json = [_prefers_json(named, moves=moves) for moves in (False, True)]
    revisions = {name: known.revision for name, known in FORMATS.items()}
    return msgspec.json.encode([want.format, want.findings, ranks, json, revisions]).decode()


def _prefers_json(named: Mapping[str, float], *, moves: bool) -> bool:
    best = next(iter(ranked(named, moves=moves)), None)
    return named.get(JSON_TYPE, 0.0) > (named[best.media_type] if best else 0.0)
