"""A row made from the results of a request."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.row import EPOCH, PaletteColor, Row, State, StoredOutput, id_of

PIPELINE = "phash/palette:5/blurhash/exif"
"""The measures that a row is made from; vision steps may precede them."""

_TIMES = (("DateTimeOriginal", "OffsetTimeOriginal"), ("DateTimeDigitized", "OffsetTimeDigitized"),
          ("DateTime", "OffsetTime"))  # fmt: skip
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)\Z", re.ASCII)
_LONGEST, _MOST = 128, 1024


def describe(
    source: str,
    version: str,
    sha256: str,
    facts: Mapping[str, Any],
    findings: Mapping[str, Any],
    *,
    outputs: Iterable[StoredOutput] = (),
    state: State = "pending",
) -> Row:
    """The row of a picture at `source`, a URL.

    `facts` is the `source` of a JSON response (format, width, height, bytes), `findings` its findings, of which
    the first frame's are used. Invalid values from cameras and models are left out and raise nothing.
    """
    findings = findings["frames"][0] if "frames" in findings else findings
    measures = findings.get("measures", {})
    exif = measures.get("exif", {})
    colors = tuple(PaletteColor(one["color"], one["share"]) for one in measures.get("palette", ()))
    return Row(
        id=id_of(source), source=source, name=name_from_address(source), version=version, sha256=sha256,
        width=facts["width"], height=facts["height"], format=facts["format"], bytes=facts["bytes"],
        phash=measures.get("phash"), colors=colors,
        taken=taken(exif), camera=camera(exif), labels=labels(findings), counts=counts(findings),
        outputs=tuple(outputs), state=state, blurhash=measures.get("blurhash"),
    )  # fmt: skip


def name_from_address(source: str) -> str:
    """The last part of an address, percent-decoded if it is a web URL; other addresses are not encoded."""
    web = source.startswith(("http://", "https://"))
    path = unquote(urlsplit(source).path) if web else source
    return path.rstrip("/").rsplit("/", 1)[-1][:1024]


def taken(exif: Mapping[str, Any]) -> int | None:
    """When it was taken, milliseconds since 1970 UTC; a time without a zone is read as UTC."""
    for name, offset in _TIMES:
        found = _TIME.match(str(exif.get(name, "")))
        if found:
            try:
                local = datetime(*map(int, found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
                return max((local - EPOCH - _offset(str(exif.get(offset, "")))) // timedelta(milliseconds=1), _FIRST)
            except ValueError:  # cameras without a clock write 0000:00:00
                continue
    return None


_FIRST = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)


def _offset(text: str) -> timedelta:
    found = _OFFSET.match(text)
    if not found or int(found[2]) > 14:
        return timedelta()
    return timedelta(hours=int(found[2]), minutes=int(found[3])) * (-1 if found[1] == "-" else 1)


def camera(exif: Mapping[str, Any]) -> str | None:
    """Maker and model, the maker once where the model repeats it."""
    maker, model = (" ".join(str(exif.get(name, "")).split()) for name in ("Make", "Model"))
    known = model.casefold().startswith(maker.casefold())
    return (model if known else f"{maker} {model}".strip())[:_LONGEST].strip() or None


def labels(findings: Mapping[str, Any]) -> tuple[str, ...]:
    """Every label of the picture or of something in it, sorted."""
    found = {one["label"] for kind in ("objects", "labels") for one in findings.get(kind, ())}
    found |= {label for one in findings.get("segments", ()) for label, share in one["share"].items() if share > 0}
    found |= {label for label, count in findings.get("counts", {}).items() if count}
    return tuple(sorted(label for label in found if 0 < len(label) <= _LONGEST)[:_MOST])


def counts(findings: Mapping[str, Any]) -> dict[str, int]:
    """How many objects of each label: what was counted, or else what was detected."""
    found = findings.get("counts")
    found = Counter(one["label"] for one in findings.get("objects", ())) if found is None else found
    return dict(sorted((label, count) for label, count in found.items() if 0 < len(label) <= _LONGEST)[:_MOST])
