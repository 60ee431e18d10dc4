"""Which format comes back: the `format` asked for, else what `Accept` names, else what suits the picture."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from core.codecs import FORMATS, Format
from core.picture import Origin
from core.process import JSON
from service.options import OutputOptions

JSON_TYPE = "application/json"
MIXED_TYPE = "multipart/mixed"
_Q = re.compile(r"(0(\.\d{0,3})?|1(\.0{0,3})?)\Z", re.ASCII)


class Negotiated(msgspec.Struct, frozen=True):
    """What comes back: a written format, and whether findings (JSON, or another form) come instead."""

    format: str
    as_json: bool


def negotiate(wanted: OutputOptions, origin: Origin, accept: str) -> Negotiated:
    """The format of one result. An `Accept` that cannot be met is ignored, never a 406."""
    if wanted.findings is not None:
        named_format = wanted.format if wanted.format in FORMATS else None
        return Negotiated(named_format or own_format(origin), as_json=True)
    if wanted.format is not None and wanted.format != JSON:
        return Negotiated(wanted.format, as_json=False)
    named = dict(accepted_types(accept))
    picture = _best(named, origin)
    wants_json = wanted.format == JSON or prefers_json(named, FORMATS[picture] if picture else None)
    if picture is None and wanted.format is None and wanted.pipeline.only_looks:
        wants_json = True
    return Negotiated(picture or own_format(origin), as_json=wants_json)


def accepted_types(accept: str) -> Iterator[tuple[str, float]]:
    """The media types that an `Accept` header (RFC 9110, §12.5.1) names, with their weights; a bad weight counts 0."""
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        q = 1.0 if not weights else float(weights[0]) if _Q.match(weights[0]) else 0.0
        if q > 0 and "/" in media_type and "*" not in media_type:
            yield media_type, q


def wants_mixed(accept: str) -> bool:
    """Whether several results come as multipart/mixed rather than as JSON."""
    named = dict(accepted_types(accept))
    return named.get(MIXED_TYPE, 0.0) > named.get(JSON_TYPE, 0.0)


def own_format(origin: Origin) -> str:
    """The source's own format where we write it and it suits; PNG for what loses nothing or has alpha; else JPEG."""
    return own_format_of(FORMATS[origin.format], moves=origin.frames > 1, alpha=origin.channels == 4)


def own_format_of(source: Format | None, *, moves: bool = False, alpha: bool = False) -> str:
    """The format of a result of this source where none was asked for; without more, of an opaque still."""
    if source and source.writes and (moves or source.for_stills):
        return source.name
    return "png" if alpha or (source and source.lossless) else "jpeg"


def ranked_formats(named: Mapping[str, float], *, moves: bool) -> list[Format]:
    """The written formats that are named, the best first; for an animation, those that can move go before others."""
    candidates = [known for known in FORMATS.values() if known.writes and known.media_type in named]
    return sorted(candidates, key=lambda known: (moves and not known.animates, -named[known.media_type]))


def _best(named: Mapping[str, float], origin: Origin) -> str | None:
    found = ranked_formats(named, moves=origin.frames > 1)
    return found[0].name if found else None


def prefers_json(named: Mapping[str, float], picture: Format | None) -> bool:
    """Whether JSON weighs more than the best picture format that is named, if one is."""
    return named.get(JSON_TYPE, 0.0) > (named[picture.media_type] if picture else 0.0)
