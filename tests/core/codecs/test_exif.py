import io
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image

from core import codecs
from core.codecs import EncodeOptions, encode, exif, ifd
from core.codecs.ifd import IfdEntry
from core.limits import Limits
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, picture, pillow_file, read

KEEP = EncodeOptions(keep=frozenset({"exif"}))
ALL = EncodeOptions(keep=frozenset({"exif", "gps"}))
CARRIERS = ["jpeg", "png", "apng", "webp", "tiff", "avif"]


def sample(order: str = "<") -> bytes:
    """A camera's EXIF: position, maker note, preview and thumbnail included."""

    def text(value: bytes) -> IfdEntry:
        return IfdEntry(2, len(value) + 1, value + b"\0", order)

    def short(value: int) -> IfdEntry:
        return IfdEntry(3, 1, struct.pack(order + "H", value), order)

    def rationals(*values: int) -> IfdEntry:
        return IfdEntry(5, len(values), b"".join(struct.pack(order + "II", value, 1) for value in values), order)

    def hidden(value: bytes) -> IfdEntry:
        return IfdEntry(7, len(value), value, order)

    groups = {
        0: {
            0x010F: text(b"Maker"),
            0x0100: short(4000),
            0x0112: short(6),
            0x013B: text(b"Ann Artist"),
            0x8298: text(b"(c) Ann"),
            0x02BC: hidden(b"<x:xmpmeta>SECRET"),
            0x014A: short(8),
            0xC634: hidden(b"SECRET private"),
        },
        0x8769: {
            0x9003: text(b"2024:05:06 07:08:09"),
            0x829A: IfdEntry(5, 1, struct.pack(order + "II", 1, 250), order),
            0x927C: hidden(b"SECRET maker note" * 10),
            0x9286: hidden(b"ASCII\0\0\0SECRET"),
            0xA431: text(b"SN-BODY"),
            0xA435: text(b"SN-LENS"),
            0xA002: short(4000),
            0xA003: short(3000),
        },
        0x8825: {1: text(b"S"), 2: rationals(33, 51, 36), 3: text(b"E"), 4: rationals(151, 12, 40), 6: rationals(58)},
    }
    return _with_thumbnail(ifd.write_ifd(groups, order), order)


def _with_thumbnail(block: bytes, order: str) -> bytes:
    """The first directory linked to a second one that holds a small JPEG."""
    thumbnail = pillow_file("JPEG", made_picture(3, 16, 16))
    (entries,) = struct.unpack_from(order + "H", block, 8)
    link = 8 + 2 + 12 * entries
    start = len(block)
    behind = start + 2 + 24 + 4
    second = struct.pack(order + "HHHIIHHII", 2, 0x0201, 4, 1, behind, 0x0202, 4, 1, len(thumbnail)) + bytes(4)
    return block[:link] + struct.pack(order + "I", start) + block[link + 4 :] + second + thumbnail


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
def test_tags(order: str) -> None:
    tags = exif.tags(sample(order))
    assert tags["Make"] == "Maker"
    assert tags["DateTimeOriginal"] == "2024:05:06 07:08:09"
    assert tags["ExposureTime"] == 0.004
    assert tags["GPSLatitude"] == pytest.approx(-33.86)
    assert tags["GPSLongitude"] == pytest.approx(151.2111111)
    assert tags["GPSAltitude"] == 58
    assert "SECRET" not in json.dumps(tags, allow_nan=False)


def test_tags_of_a_camera_as_pillow_reads_them(data: Path) -> None:
    file = (data / "images/photos/IMG_20180725_163423_12MP.jpg").read_bytes()
    ours = exif.tags(codecs.probe(file, LIMITS).exif or b"")
    theirs = Image.open(io.BytesIO(file)).getexif()
    photo = theirs.get_ifd(ExifTags.IFD.Exif)
    for tag in (0x010F, 0x0110, 0x0132):
        assert ours[ExifTags.TAGS[tag]] == theirs[tag]
    for tag in (0x829A, 0x829D, 0x8827, 0x920A, 0x9003):
        expected = photo[tag]
        assert ours[ExifTags.TAGS[tag]] == (expected if isinstance(expected, str) else pytest.approx(float(expected)))
    degrees, minutes, seconds = theirs.get_ifd(ExifTags.IFD.GPSInfo)[2]
    assert ours["GPSLatitude"] == pytest.approx(float(degrees + minutes / 60 + seconds / 3600), abs=1e-6)


@pytest.mark.parametrize("name", CARRIERS)
def test_nothing_is_kept_by_default(name: str) -> None:
    file = encode([picture(made_picture(3), exif=sample())], name)
    assert codecs.probe(file, LIMITS).exif is None or name == "tiff"
    assert b"2024:05:06" not in file
    assert b"Maker" not in file


@pytest.mark.parametrize("name", CARRIERS)
def test_keep_carries_the_named_tags_only(name: str) -> None:
    file = encode([picture(made_picture(3, 40, 30), exif=sample())], name, ALL)
    assert b"SECRET" not in file
    origin = codecs.probe(file, LIMITS)
    tags = exif.tags(origin.exif or b"")
    assert origin.orientation == 1
    assert tags["GPSLatitude"] == pytest.approx(-33.86)
    assert tags["Make"] == "Maker"
    assert (tags["PixelXDimension"], tags["PixelYDimension"]) == (40, 30)
    theirs = Image.open(io.BytesIO(file)).getexif()
    assert theirs.get(0x0112, 1) == 1
    assert theirs.get_ifd(ExifTags.IFD.Exif)[0x9003] == "2024:05:06 07:08:09"
    assert 0x927C not in theirs.get_ifd(ExifTags.IFD.Exif)
    assert not theirs.get_ifd(ExifTags.IFD.IFD1)


RIGHTS = {"Artist", "Copyright"}
PLACE = {"GPSLatitude", "GPSLongitude", "GPSAltitude"}
SERIALS = {"BodySerialNumber", "LensSerialNumber"}
SHOT = {"Make", "DateTimeOriginal", "ExposureTime", "PixelXDimension", "PixelYDimension", "ImageWidth", "Orientation"}


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({"exif"}, SHOT | RIGHTS),
        ({"exif", "copyright"}, SHOT | RIGHTS),
        ({"exif", "gps"}, SHOT | RIGHTS | PLACE | SERIALS),
        ({"copyright"}, RIGHTS),
        ({"copyright", "gps"}, RIGHTS | PLACE | SERIALS),
        ({"gps"}, PLACE | SERIALS),
    ],
    ids=lambda value: "+".join(sorted(value)) if len(value) < 3 else "",
)
def test_each_word_keeps_its_tags_alone(name: str, keep: set[str], expected: set[str]) -> None:
    file = encode([picture(made_picture(3, 40, 30), exif=sample())], name, EncodeOptions(keep=frozenset(keep)))  # type: ignore[arg-type]
    found = set(exif.tags(codecs.probe(file, LIMITS).exif or b""))
    written = {"ImageWidth", "ImageLength"} if name == "tiff" else set()
    assert found - written == expected - written
    assert (b"SN-BODY" in file) == ("gps" in keep)


def _entries(*told: tuple[int, int, bytes], group: int = 0x8769) -> bytes:
    """A structure with these tags of a kind."""
    sizes = {2: 1, 3: 2, 5: 8}
    entries = {tag: IfdEntry(kind, len(raw) // sizes[kind], raw, "<") for tag, kind, raw in told}
    return ifd.write_ifd({0: {}, group: entries} if group else {0: entries}, "<")


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("source", [1, 2, 0xFFFF])
@pytest.mark.parametrize(("profile", "expected"), [(None, 1), ("srgb", 1), ("p3", 0xFFFF)])
def test_colours_are_called_what_they_have_become(name: str, source: int, profile: Any, expected: int) -> None:
    told = _entries((0xA001, 3, struct.pack("<H", source)), (0xA500, 5, struct.pack("<II", 22, 10)))
    options = EncodeOptions(keep=frozenset({"exif"}), profile=profile)
    found = exif.tags(codecs.probe(encode([picture(made_picture(3), exif=told)], name, options), LIMITS).exif or b"")
    assert found["ColorSpace"] == expected
    assert "Gamma" not in found


@pytest.mark.parametrize("name", CARRIERS)
def test_places_in_the_source_and_its_compression_are_left_out(name: str) -> None:
    told = _entries(
        (0x9214, 3, struct.pack("<3H", 900, 700, 50)), (0xA214, 3, struct.pack("<2H", 900, 700)),
        (0x9102, 5, struct.pack("<II", 4, 1)), (0x9207, 3, struct.pack("<H", 5)),
    )  # fmt: skip
    found = exif.tags(codecs.probe(encode([picture(made_picture(3), exif=told)], name, KEEP), LIMITS).exif or b"")
    assert {"SubjectArea", "SubjectLocation", "CompressedBitsPerPixel"}.isdisjoint(found)
    assert found["MeteringMode"] == 5


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("keep", [{"exif"}, {"copyright"}, {"exif", "gps"}], ids=lambda keep: "+".join(sorted(keep)))
def test_what_lies_behind_the_end_of_a_text_is_gone(name: str, keep: set[Any]) -> None:
    told = _entries((0x013B, 2, b"Ann\0SECRET street 5\0"), (0x8298, 2, b"(c) Ann\0(c) Ed\0SECRET"), group=0)
    file = encode([picture(made_picture(3), exif=told)], name, EncodeOptions(keep=frozenset(keep)))
    assert b"SECRET" not in file
    found = exif.tags(codecs.probe(file, LIMITS).exif or b"")
    assert (found["Artist"], found["Copyright"]) == ("Ann", "(c) Ann")
    assert b"(c) Ann\0(c) Ed\0" in file


def test_cameras_files_lose_their_place(data: Path) -> None:
    """Every picture of the corpus that names one, read back by Pillow."""
    named = 0
    for path in sorted(data.glob("images/**/*.jpg")):
        file = path.read_bytes()
        block = codecs.probe(file, Limits(pixels=2**32, side=2**16, body_bytes=2**32)).exif
        if not PLACE & set(exif.tags(block or b"")):
            continue
        named += 1
        kept = Image.Exif()
        kept.load(b"Exif\0\0" + (exif.rewritten(block, Size(3, 4), {"exif", "copyright"}) or b""))
        assert not kept.get_ifd(ExifTags.IFD.GPSInfo)
        assert not {0xA431, 0xA435, 0x927C} & set(kept.get_ifd(ExifTags.IFD.Exif))
    assert named


def test_no_thumbnail_survives() -> None:
    assert b"\xff\xd8\xff" in sample()
    rewritten = exif.rewritten(sample(), Size(7, 9)) or b""
    assert b"\xff\xd8\xff" not in rewritten
    assert exif.tags(rewritten)["ImageWidth"] == 7
    assert exif.orientation(rewritten) == 1


@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"], ids=["bare", "prefixed"])
def test_prefix_is_taken_off(prefix: bytes) -> None:
    assert exif.without_prefix(prefix + sample()) == sample()


STRANGE = {
    "empty": b"",
    "noise": bytes(range(256)),
    "points-at-itself": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x8769, 4, 1, 8) + bytes(4),
    "points-behind": b"II*\0\xff\xff\xff\x7f",
    "huge-count": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x010F, 2, 0xFFFFFFFF, 8) + bytes(4),
    "many-entries": b"MM\0*\0\0\0\x08\xff\xff" + bytes(100_000),
    "zero-divisor": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x011A, 5, 1, 26) + bytes(4) + bytes(8),
    "orientation-99": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x0112, 3, 1, 99) + bytes(4),
    "orientation-text": b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x0112, 2, 1, 6) + bytes(4),
}


@pytest.mark.parametrize("block", STRANGE.values(), ids=STRANGE.keys())
def test_strange_blocks_are_survived(block: bytes) -> None:
    assert exif.orientation(block) == 1
    assert isinstance(exif.tags(block), dict)
    json.dumps(exif.tags(exif.rewritten(block, Size(3, 4)) or b""), allow_nan=False)


@pytest.mark.parametrize("length", range(0, 400, 7))
def test_cut_blocks_are_survived(length: int) -> None:
    block = sample()[:length]
    json.dumps(exif.tags(block), allow_nan=False)
    exif.rewritten(block, Size(3, 4))


def test_orientation_is_applied_once() -> None:
    turned = pillow_file("JPEG", made_picture(3, 40, 30), exif=Image.open(io.BytesIO(_sideways())).getexif())
    (got,) = read(turned)
    again = encode([got], "jpeg", KEEP)
    assert codecs.probe(again, LIMITS).size == Size(30, 40)
    assert codecs.probe(again, LIMITS).orientation == 1


def _sideways() -> bytes:
    block = Image.Exif()
    block[0x0112] = 6
    return pillow_file("JPEG", made_picture(3, 40, 30), exif=block)
