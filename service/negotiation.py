"""Content negotiation: the requested `format`, else what `Accept` names, else what suits the picture."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal

import msgspec

from core.codecs import FORMATS, Format
from core.output import JSON
from core.picture import Origin
from service.options import OutputOptions

JSON_TYPE = "application/json"
MIXED_TYPE = "multipart/mixed"
ZIP_TYPE = "application/zip"
Package = Literal["json", "mixed", "zip"]
"""How several results are returned."""
_Q = re.compile(r"(0?\.\d{1,3}|[01](\.\d{0,3})?)\Z", re.ASCII)
_SPELLINGS = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/tif": "image/tiff",
}
"""Media types that are sent and were never registered."""


class Negotiated(msgspec.Struct, frozen=True):
    """The negotiated result: an image format, and whether JSON (or an export format) is returned instead.

    `others` are formats that would do as well, best first, for a result that the first one cannot hold. `described`: it
    is a picture, and JSON about it is returned only because it is one of several; `encoded`: it is made all the same.
    """

    format: str
    as_json: bool
    others: tuple[str, ...] = ()
    described: bool = False
    encoded: bool = False


class Preferences(msgspec.Struct, frozen=True):
    """What an `Accept` header says about the formats that are written, whatever the picture.

    `named` are those that it names, with their weights, best first; `unnamed` is the weight of all others; `refused`
    are those that it excludes. `json`: it names JSON, and weighs it more than any picture.
    """

    named: tuple[tuple[str, float], ...]
    unnamed: float
    refused: frozenset[str]
    json: bool

    @property
    def own_first(self) -> bool:
        """Whether a format that is not named weighs more than each that is."""
        return self.unnamed > max((q for _, q in self.named), default=0.0)


@lru_cache(256)
def preferences(accept: str) -> Preferences:
    """The preferences of an `Accept` header, by the precedence of RFC 9110, §12.5.1: the most specific range counts."""
    weights = dict(_ranges(accept))
    unnamed = weights.get("image/*", weights.get("*/*", 0.0))
    written = [known for known in FORMATS.values() if known.writes]
    named = {known.name: weights[known.media_type] for known in written if known.media_type in weights}
    ranked = sorted(((name, q) for name, q in named.items() if q > 0), key=lambda pair: -pair[1])
    json = weights.get(JSON_TYPE, weights.get("application/*", 0.0))
    return Preferences(
        named=tuple(ranked),
        unnamed=unnamed,
        refused=frozenset(name for name, q in named.items() if q == 0),
        json=json > max([unnamed, *named.values()]),
    )


def excluding(accept: str, names: Iterable[str]) -> str:
    """The `Accept` header with these formats excluded."""
    return ", ".join([accept, *(f"{FORMATS[name].media_type};q=0" for name in names if name in FORMATS)])


def negotiate(output: OutputOptions, origin: Origin, accept: str) -> Negotiated:
    """The format of one result. An `Accept` that cannot be satisfied is ignored; there is no 406."""
    if output.findings is not None:
        named_format = output.format if output.format in FORMATS else None
        return Negotiated(named_format or own_format(origin), as_json=True)
    if output.format is not None and output.format != JSON:
        return Negotiated(output.format, as_json=False)
    wanted = preferences(accept)
    acceptable = _acceptable(wanted, origin.format, moves=origin.frames > 1, alpha=origin.channels == 4)
    image, *others = sorted(acceptable, key=lambda name: _loses(name, output, origin))
    looks = output.pipeline.only_looks and not wanted.named
    return Negotiated(image, as_json=output.format == JSON or wanted.json or looks, others=tuple(others))


def _loses(name: str, output: OutputOptions, origin: Origin) -> int:
    """How much of the source a format cannot hold: motion, transparency, and a gain map that is to be kept."""
    known = FORMATS[name]
    has_map = "hdr" in output.encoding.keep and origin.gain_map is not None
    return sum((
        origin.frames > 1 and not known.animates,
        origin.channels == 4 and not known.alpha,
        has_map and not known.gain_maps,
    ))  # fmt: skip


@lru_cache(256)
def _acceptable(wanted: Preferences, source: str, *, moves: bool, alpha: bool) -> tuple[str, ...]:
    """Formats for a picture, best first: those that are named, and the picture's own where it is not excluded."""
    own = own_format_of(FORMATS[source], moves=moves, alpha=alpha)
    # where its own format is excluded, or cannot hold the result
    fallback = "png" if alpha or FORMATS[source].lossless else "jpeg"
    named = [known.name for known in ranked_formats(wanted, moves=moves)]
    usual = [name for name in dict.fromkeys((own, fallback, "png")) if name not in {*wanted.refused, *named}]
    if named and not wanted.unnamed:
        return tuple(named)
    return (*usual, *named) if wanted.own_first else (*named, *usual) or (own,)


def accepted_types(accept: str) -> Iterator[tuple[str, float]]:
    """The media types that an `Accept` header (RFC 9110, §12.5.1) names, with their weights; a bad weight counts 0."""
    yield from ((name, q) for name, q in _ranges(accept) if q > 0 and "*" not in name)


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """The media ranges of an `Accept` header with their weights, 0 for what is excluded."""
    for entry in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in entry.split(";"))
        weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
        q = 1.0 if not weights else min(1.0, float(weights[0])) if _Q.match(weights[0]) else 0.0
        if "/" in media_type:
            yield _SPELLINGS.get(media_type, media_type), q


def package(accept: str) -> Package:
    """How several results are returned: as multipart/mixed or a zip if `Accept` prefers that to JSON."""
    accepted = dict(accepted_types(accept))
    best = max((MIXED_TYPE, ZIP_TYPE), key=lambda name: accepted.get(name, 0.0))
    if accepted.get(best, 0.0) <= accepted.get(JSON_TYPE, 0.0):
        return "json"
    return "mixed" if best == MIXED_TYPE else "zip"


def own_format(origin: Origin) -> str:
    """The source's own format if it can be written and suits; PNG for lossless sources or alpha; else JPEG."""
    return own_format_of(FORMATS[origin.format], moves=origin.frames > 1, alpha=origin.channels == 4)


def own_format_of(source: Format | None, *, moves: bool = False, alpha: bool = False) -> str:
    """The format of a result of this source if none was requested; by default, of an opaque still image."""
    if source and source.writes and (moves or source.for_stills):
        return source.name
    return "png" if alpha or (source and source.lossless) else "jpeg"


def ranked_formats(wanted: Preferences, *, moves: bool) -> list[Format]:
    """The named formats, best first; for an animation, those come first that every browser shows moving."""

    def behind(known: Format) -> tuple[bool, bool]:
        return moves and not known.animates, moves and not known.in_browsers

    return sorted((FORMATS[name] for name, _ in wanted.named), key=behind)
