"""Which format comes back: the `format` asked for, else what `Accept` names, else what suits the picture."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from core.codecs import FORMATS, Format
from core.picture import Origin
from core.process import JSON
from functions.options import Want

JSON_TYPE = "application/json"
MIXED_TYPE = "multipart/mixed"
_PREFERRED = ("avif", "webp", "jpeg", "png")
_LOSSLESS = ("gif", "apng", "bmp", "pnm", "ico", "png", "tiff")
_Q = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)\Z", re.ASCII)


class Settled(msgspec.Struct, frozen=True):
    """What comes back: a written format, and whether findings (JSON, or another form) come instead."""

    format: str
    as_json: bool


def settle(want: Want, origin: Origin, accept: str) -> Settled:
    """The format of one result. An `Accept` that cannot be met is ignored, never a 406."""
    if want.findings is not None:
        named_format = want.format if want.format in FORMATS else None
        return Settled(named_format or own(origin), as_json=True)
    if want.format is not None and want.format != JSON:
        return Settled(want.format, as_json=False)
    named = dict(accepted(accept))
    picture = _best(named, origin)
    wants_json = want.format == JSON or _prefers_json(named, picture)
    if picture is None and want.format is None and want.pipeline.only_looks:
        wants_json = True
    return Settled(picture or own(origin), as_json=wants_json)


def accepted(accept: str) -> Iterator[tuple[str, float]]:
    """The media types that an `Accept` header (RFC 9110, §12.5.1) names, with their weights; a bad weight counts 0."""
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        q = 1.0 if not weights else float(weights[0]) if _Q.match(weights[0]) else 0.0
        if q > 0 and "/" in media_type and "*" not in media_type:
            yield media_type, q


def wants_mixed(accept: str) -> bool:
    """Whether several results come as multipart/mixed rather than as JSON."""
    named = dict(accepted(accept))
    return named.get(MIXED_TYPE, 0.0) > named.get(JSON_TYPE, 0.0)


def own(origin: Origin) -> str:
    """The source's own format where we write it and it suits; PNG for what loses nothing or has alpha; else JPEG."""
    known = FORMATS[origin.format]
    moves = origin.frames > 1
    if known.writes and (moves or origin.format not in {"gif", "apng"}):
        return origin.format
    return "png" if origin.channels == 4 or origin.format in _LOSSLESS else "jpeg"


def ranked(named: Mapping[str, float], *, moves: bool) -> list[Format]:
    """The written formats that are named, the best first; for an animation, those that can move go before others."""
    candidates = [known for known in _written() if known.media_type in named]
    return sorted(candidates, key=lambda known: (moves and not known.animates, -named[known.media_type]))


def _best(named: Mapping[str, float], origin: Origin) -> str | None:
    found = ranked(named, moves=origin.frames > 1)
    return found[0].name if found else None


def _written() -> list[Format]:
    """Written formats, the preferred first: `sorted` keeps this order at equal weights."""
    names = [*_PREFERRED, *(name for name in FORMATS if name not in _PREFERRED)]
    return [FORMATS[name] for name in names if name in FORMATS and FORMATS[name].writes]


def _prefers_json(named: dict[str, float], picture: str | None) -> bool:
    weight = named.get(JSON_TYPE, 0.0)
    return weight > (named[FORMATS[picture].media_type] if picture else 0.0)
