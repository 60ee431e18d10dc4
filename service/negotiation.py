"""Content negotiation: the requested `format`, else what `Accept` names, else what suits the picture."""

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
    """The negotiated result: an image format, and whether JSON (or an export format) is returned instead."""

    format: str
    as_json: bool


def negotiate(output: OutputOptions, origin: Origin, accept: str) -> Negotiated:
    """The format of one result. An `Accept` that cannot be satisfied is ignored; there is no 406."""
    if output.findings is not None:
        named_format = output.format if output.format in FORMATS else None
        return Negotiated(named_format or own_format(origin), as_json=True)
    if output.format is not None and output.format != JSON:
        return Negotiated(output.format, as_json=False)
    accepted = dict(accepted_types(accept))
    image = _best(accepted, origin)
    wants_json = output.format == JSON or prefers_json(accepted, FORMATS[image] if image else None)
    if image is None and output.format is None and output.pipeline.only_looks:
        wants_json = True
    return Negotiated(image or own_format(origin), as_json=wants_json)


def accepted_types(accept: str) -> Iterator[tuple[str, float]]:
    """The media types that an `Accept` header (RFC 9110, §12.5.1) names, with their weights; a bad weight counts 0."""
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        q = 1.0 if not weights else float(weights[0]) if _Q.match(weights[0]) else 0.0
        if q > 0 and "/" in media_type and "*" not in media_type:
            yield media_type, q


def wants_mixed(accept: str) -> bool:
    """Whether several results are returned as multipart/mixed rather than as JSON."""
    accepted = dict(accepted_types(accept))
    return accepted.get(MIXED_TYPE, 0.0) > accepted.get(JSON_TYPE, 0.0)


def own_format(origin: Origin) -> str:
    """The source's own format if it can be written and suits; PNG for lossless sources or alpha; else JPEG."""
    return own_format_of(FORMATS[origin.format], moves=origin.frames > 1, alpha=origin.channels == 4)


def own_format_of(source: Format | None, *, moves: bool = False, alpha: bool = False) -> str:
    """The format of a result of this source if none was requested; by default, of an opaque still image."""
    if source and source.writes and (moves or source.for_stills):
        return source.name
    return "png" if alpha or (source and source.lossless) else "jpeg"


def ranked_formats(accepted: Mapping[str, float], *, moves: bool) -> list[Format]:
    """The writable formats among these types, best first; for an animation, animated formats come first."""
    candidates = [known for known in FORMATS.values() if known.writes and known.media_type in accepted]
    return sorted(candidates, key=lambda known: (moves and not known.animates, -accepted[known.media_type]))


def _best(accepted: Mapping[str, float], origin: Origin) -> str | None:
    found = ranked_formats(accepted, moves=origin.frames > 1)
    return found[0].name if found else None


def prefers_json(accepted: Mapping[str, float], image: Format | None) -> bool:
    """Whether JSON has a higher weight than the best image format, if one is accepted."""
    return accepted.get(JSON_TYPE, 0.0) > (accepted[image.media_type] if image else 0.0)
