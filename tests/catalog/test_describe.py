"""Rows made of findings: what cameras and models write, and what they should not."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from catalog import StoredOutput as Output_
from catalog import id_of, row_json
from catalog.bounds import check_row
from catalog.describe import PIPELINE, camera, counts, describe, labels, name_from_address, taken
from core import codecs
from core.limits import Deadline, Limits
from core.output import Output
from core.pipeline import Pipeline
from core.process import process
from core.run import Context

TAKEN: dict[str, tuple[dict[str, Any], int | None]] = {
    "nothing": ({}, None),
    "the epoch": ({"DateTimeOriginal": "1970:01:01 00:00:00"}, 0),
    "with a zone": ({"DateTimeOriginal": "1970:01:01 02:00:00", "OffsetTimeOriginal": "+02:00"}, 0),
    "west": ({"DateTimeOriginal": "1969:12:31 19:00:00", "OffsetTimeOriginal": "-05:00"}, 0),
    "a zone that is none": ({"DateTimeOriginal": "1970:01:01 00:00:01", "OffsetTimeOriginal": "+99:00"}, 1000),
    "digitized": ({"DateTimeDigitized": "1970:01:01 00:00:02", "DateTime": "1999:01:01 00:00:00"}, 2000),
    "no clock": ({"DateTimeOriginal": "0000:00:00 00:00:00", "DateTime": "1970:01:01 00:00:03"}, 3000),
    "blank": ({"DateTimeOriginal": "    :  :     :  :  "}, None),
    "the 31st of February": ({"DateTimeOriginal": "2024:02:31 00:00:00"}, None),
    "a number": ({"DateTimeOriginal": 20240101}, None),
    "before the year 1": (
        {"DateTimeOriginal": "0001:01:01 00:00:00", "OffsetTimeOriginal": "+14:00"}, -62_135_596_800_000
    ),
    "fractions behind": ({"DateTimeOriginal": "1970:01:01 00:00:04.25"}, 4000),
}  # fmt: skip


@pytest.mark.parametrize(("exif", "expected"), TAKEN.values(), ids=TAKEN)
def test_taken(exif: dict[str, Any], expected: int | None) -> None:
    assert taken(exif) == expected


CAMERAS = {
    "nothing": ({}, None), "a model": ({"Model": "X-T5"}, "X-T5"), "a maker": ({"Make": "FUJIFILM"}, "FUJIFILM"),
    "both": ({"Make": "FUJIFILM", "Model": "X-T5"}, "FUJIFILM X-T5"),
    "said twice": ({"Make": "Canon", "Model": "Canon EOS R5"}, "Canon EOS R5"),
    "said twice in another case": ({"Make": "NIKON", "Model": "Nikon Z 9"}, "Nikon Z 9"),
    "blanks": ({"Make": "  A  B ", "Model": "   "}, "A B"), "numbers": ({"Make": 7, "Model": 8}, "7 8"),
    "long": ({"Model": "x" * 500}, "x" * 128),
}  # fmt: skip


@pytest.mark.parametrize(("exif", "expected"), CAMERAS.values(), ids=CAMERAS)
def test_camera(exif: dict[str, Any], expected: str | None) -> None:
    assert camera(exif) == expected


FOUND: dict[str, tuple[dict[str, Any], tuple[str, ...], dict[str, int]]] = {
    "nothing": ({}, (), {}),
    "objects": ({"objects": [{"label": "b"}, {"label": "a"}, {"label": "b"}]}, ("a", "b"), {"a": 1, "b": 2}),
    "counted": ({"objects": [{"label": "dog"}], "counts": {"dog": 5, "cat": 0}}, ("dog",), {"cat": 0, "dog": 5}),
    "classified": ({"labels": [{"label": "hot_dog"}]}, ("hot_dog",), {}),
    "segments": ({"segments": [{"share": {"road": 0.5, "curb": 0.0}}]}, ("road",), {}),
    "no text": ({"objects": [{"label": ""}, {"label": "x" * 129}]}, (), {}),
    "looked and saw nothing": ({"objects": [], "labels": [], "counts": {}}, (), {}),
}  # fmt: skip


@pytest.mark.parametrize(("findings", "names", "numbers"), FOUND.values(), ids=FOUND)
def test_labels_and_counts(findings: dict[str, Any], names: tuple[str, ...], numbers: dict[str, int]) -> None:
    assert (labels(findings), counts(findings)) == (names, numbers)


NAMES = {
    "gs://bucket/a/b.jpg": "b.jpg", "s3://bucket/a%20b.jpg": "a%20b.jpg", "file://in/a%20b.jpg": "a%20b.jpg",
    "https://example.com/a/b.jpg?x=1#y": "b.jpg", "gs://bucket/what?#is.jpg": "what?#is.jpg",
    "gs://bucket/folder/": "folder",
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), NAMES.items())
def test_name(source: str, expected: str) -> None:
    assert name_from_address(source) == expected


def findings_of(picture: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    limits = Limits()
    context = Context(limits, Deadline(60))
    origin = codecs.probe(picture, limits)
    output = Output(pipeline=Pipeline.parse(PIPELINE), format="png", image=False)
    (result,) = process(picture, origin, [output], context)
    facts = {"format": origin.format, "width": origin.size.width, "height": origin.size.height, "bytes": len(picture)}
    return facts, result.findings()


@pytest.mark.parametrize("name", ["exif/Landscape_6.jpg", "images/coral/owl.jpg", "formats/pngsuite/basn0g01.png"])
def test_real_pictures(data: Path, name: str) -> None:
    """Through the pipeline that a row is made of: every value is within bounds, and told as the others are."""
    picture = (data / name).read_bytes()
    facts, findings = findings_of(picture)
    row = describe(f"file:///in/{name}", "1", hashlib.sha256(picture).hexdigest(), facts, findings)
    check_row(row)
    assert row.phash == findings["measures"]["phash"]
    assert sum(color.share for color in row.colors) == pytest.approx(1)
    assert (row.name, row.bytes, row.state) == (Path(name).name, len(picture), "pending")
    assert describe("file:///a", "1", "0" * 64, facts, {"frames": [findings, {}]}).phash == row.phash


def test_shown_is_plain_json() -> None:
    facts = {"format": "jpeg", "width": 1, "height": 2, "bytes": 3}
    measures = {"exif": {"DateTimeOriginal": "1969:12:31 23:59:59"}, "palette": [{"color": "ff0000", "share": 1}]}
    made = Output_("small", "gs://out/a.webp", "8", "d")
    row = describe("gs://in/a.jpg", "7", "0" * 64, facts, {"measures": measures}, outputs=[made])
    assert msgspec.json.decode(msgspec.json.encode(row_json(row))) == {
        "id": id_of("gs://in/a.jpg"), "source": "gs://in/a.jpg", "name": "a.jpg", "version": "7", "width": 1,
        "height": 2, "format": "jpeg", "bytes": 3, "sha256": "0" * 64, "phash": None,
        "colors": [{"color": "ff0000", "share": 1}],
        "taken": "1969-12-31T23:59:59.000Z", "camera": None, "labels": [], "counts": {}, "state": "pending",
        "outputs": [{"name": "small", "url": "gs://out/a.webp", "version": "8", "digest": "d"}],
        "added": "1970-01-01T00:00:00.000Z", "changed": "1970-01-01T00:00:00.000Z",
        "blurhash": None,
    }  # fmt: skip
