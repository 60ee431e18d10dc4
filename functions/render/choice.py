"""What identifies a render before its source is read: the version, the pipeline, and how its format is chosen."""

from collections.abc import Mapping

import msgspec

from core.codecs import FORMATS
from core.identity import digest, etag
from core.limits import Deadline
from core.reach import identities
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


def etag_of(ask: Ask, stat: Stat, bench: Bench) -> str:
    """A strong ETag. Of a version, the choice of the format settles the format, so no byte need be read for it."""
    pipeline = ask.want.pipeline
    context = Context(bench.limits, Deadline(bench.limits.seconds), lambda name: asset(name, bench.assets))
    others = {name: other_bytes(name, context) for name in pipeline.others()}
    made = digest(pipeline, choice(ask), ask.want.options, others, identities(pipeline, bench.models))
    return etag(f"{stat.address} {stat.version}", made, "+".join(sorted(ask.include)))


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
