"""Gain maps through pipelines, judged by libultrahdr and by geometry done with NumPy and OpenCV alone."""

import math
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from core import codecs
from core.codecs import EncodeOptions, gain_maps
from core.errors import DarkroomError
from core.limits import Deadline
from core.output import Output
from core.picture import GainMap, GainMapMetadata, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.process import Result, process
from core.run import Context, Run
from tests.core.codecs.gain_map_files import (
    HEIGHT,
    NOTES,
    WIDTH,
    Values,
    apple_file,
    apple_light,
    headroom,
    shown_by_libultrahdr,
    ultra_hdr_file,
)
from tests.core.codecs.support import LIMITS, picture

HDR = EncodeOptions(keep=frozenset({"hdr"}), quality=95, chroma="444")


def _made(data: bytes, text: str, options: EncodeOptions = HDR, written: str = "jpeg") -> Result:
    output = Output(pipeline=Pipeline.parse(text), format=written, options=options)
    return next(process(data, codecs.probe(data, LIMITS), [output], Context(LIMITS, Deadline(60))))


def _turned(values: Values) -> Values:
    """By 20 degrees clockwise on a canvas that holds all; NaN where nothing is."""
    angle = math.radians(20)
    cos, sin = math.cos(angle), math.sin(angle)
    wide, high = math.ceil(WIDTH * cos + HEIGHT * sin), math.ceil(WIDTH * sin + HEIGHT * cos)
    x, y = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    matrix = np.array([[cos, -sin, (wide - 1) / 2 - cos * x + sin * y], [sin, cos, (high - 1) / 2 - sin * x - cos * y]])
    moved = cv2.warpAffine(values, matrix, (wide, high), flags=cv2.INTER_LINEAR)
    shown = cv2.warpAffine(np.ones((HEIGHT, WIDTH)), matrix, (wide, high), flags=cv2.INTER_LINEAR)
    inner = cv2.erode(shown, np.ones((9, 9))) > 0.999
    return np.where(inner[:, :, None], moved, np.nan)


GEOMETRIES: dict[str, Callable[[Values], Values]] = {
    "resize:240": lambda values: cv2.resize(values, (240, 160), interpolation=cv2.INTER_AREA),
    "crop:201,155,x=213,y=37": lambda values: values[37 : 37 + 155, 213 : 213 + 201],
    "rotate:90": lambda values: np.rot90(values, -1),
    "flip/flop": lambda values: values[::-1, ::-1],
    "rotate:20": _turned,
    "square:200": lambda values: cv2.resize(values[:, 80:400], (200, 200), interpolation=cv2.INTER_AREA),
    "resize:601,401,fit=fill,enlarge=true,kernel=linear": lambda values: cv2.resize(
        values, (601, 401), interpolation=cv2.INTER_LINEAR
    ),
}


def _pq(linear: Values) -> Values:
    """Codes of ST 2084, white being 203 cd/m²."""
    root = np.power(np.clip(linear, 0, None) * 203 / 10_000, 0.1593017578125)
    return np.asarray(np.power((0.8359375 + 18.8515625 * root) / (1 + 18.6875 * root), 78.84375))


SOURCES: dict[str, tuple[bytes, Callable[[], Values]]] = {
    "ultra-hdr": (ultra_hdr_file(), lambda: shown_by_libultrahdr(ultra_hdr_file())),
    "ultra-hdr-whole": (ultra_hdr_file(1), lambda: shown_by_libultrahdr(ultra_hdr_file(1))),
    "apple": (apple_file(), lambda: apple_light("far-dark")),
}


@pytest.mark.parametrize("text", GEOMETRIES)
@pytest.mark.parametrize("source", SOURCES)
def test_hdr_survives_each_geometry(source: str, text: str) -> None:
    """Within 2 % of the PQ codes of the transformed original for 99 % of the pixels."""
    data, original = SOURCES[source]
    result = _made(data, text)
    expected = GEOMETRIES[text](_pq(original()))
    got = _pq(shown_by_libultrahdr(result.data))
    assert got.shape == expected.shape
    there = ~np.isnan(expected).any(axis=2)
    off = np.abs(got - expected)[there] / expected[there]
    assert (off <= 0.02).mean() >= 0.99
    assert result.dropped == ()
    assert got[there].max() > 1.1 * _pq(np.ones(1))[0], "it is not HDR"


MARKS = ((96, 64), (352, 64), (352, 160), (96, 256))
"""Where both pictures have a dot, in pixels of the base."""
BLACK = {"rotate:20": "rotate:20,background=000", "pad:10p": "pad:10p,background=000"}
WARPED = "perspective:10p:10p+90p:0p+100p:100p+0p:90p"


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize(
    "text", [*GEOMETRIES, f"{WARPED},background=000", "pad:10p", "resize:97", "resize:97/rotate:270"]
)
def test_what_is_in_one_place_stays_in_one_place(text: str, scale: int) -> None:
    """Dots of base and map, through each geometry, lie at most a pixel of the base apart."""
    marked = _with_map(_dots(1, 3), _dots(scale, 1))
    (moved,) = Run(Pipeline.parse(BLACK.get(text, text)), Context(LIMITS, Deadline(60))).frames([marked])
    assert moved.gain_map is not None
    assert max(moved.gain_map.pixels.shape[:2]) <= max(*moved.size, *marked.size)
    ours = _centres(cv2.resize(moved.gain_map.pixels, moved.size, interpolation=cv2.INTER_LINEAR))
    theirs = _centres(cv2.cvtColor(moved.pixels, cv2.COLOR_BGR2GRAY))
    assert len(ours) == len(theirs) >= (1 if "crop" in text else 2)
    for place in theirs:
        assert min(math.dist(place, other) for other in ours) <= 1


def _dots(scale: int, channels: int) -> Pixels:
    """Soft discs at the marks; each pixel is the middle of what it covers."""
    y, x = (np.mgrid[0 : HEIGHT // scale, 0 : WIDTH // scale] + 0.5) * scale
    dots = sum(np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * 12.0**2)) for left, top in MARKS)
    plane = np.rint(255 * np.clip(dots, 0, 1)).astype(np.uint8)
    return np.repeat(plane[:, :, None], channels, axis=2)


def _centres(plane: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Of each dot that is not cut off by an edge: the middle of its light."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((plane > 60).astype(np.uint8))
    found = []
    for number in range(1, count):
        left, top, wide, high, _ = stats[number]
        if min(left, top) > 1 and left + wide < plane.shape[1] - 1 and top + high < plane.shape[0] - 1:
            weights = np.where(labels == number, plane.astype(float) - 60, 0)
            y, x = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
            found.append((float((weights * x).sum() / weights.sum()), float((weights * y).sum() / weights.sum())))
    return found


def _with_map(base: Pixels, plane: Pixels) -> Picture:
    metadata = GainMapMetadata(gain_map_min=(-1, -1, -1), gain_map_max=(2, 2, 2), alternate_hdr_headroom=2)
    return msgspec.structs.replace(picture(base), gain_map=GainMap(plane, metadata))


@pytest.mark.parametrize(
    ("text", "moved"),
    {
        "flip": lambda plane: plane[::-1],
        "rotate:90/flop": lambda plane: np.rot90(plane, -1)[:, ::-1],
        "rotate:270": np.rot90,
    }.items(),
)
def test_turns_lose_nothing(text: str, moved: Callable[[Pixels], Pixels]) -> None:
    plane = np.random.default_rng(3).integers(0, 256, (HEIGHT // 4, WIDTH // 4, 1), np.uint8)
    frames = Run(Pipeline.parse(text), Context(LIMITS, Deadline(60))).frames([_with_map(_dots(1, 3), plane)])
    after = next(frames).gain_map
    assert after is not None
    assert np.array_equal(after.pixels, moved(plane))


@pytest.mark.parametrize("text", ["pad:20,background=fff", "resize:200,200,fit=contain", "rotate:20"])
def test_what_lies_around_gains_nothing(text: str) -> None:
    """The bars are as bright in HDR as in SDR, though the map gains everywhere."""
    metadata = GainMapMetadata(gain_map_min=(-1, -1, -1), gain_map_max=(2, 2, 2), alternate_hdr_headroom=2)
    whole = msgspec.structs.replace(
        _with_map(_dots(1, 3), _dots(2, 1)), gain_map=GainMap(np.full((160, 240, 1), 255, np.uint8), metadata)
    )
    (moved,) = Run(Pipeline.parse(text), Context(LIMITS, Deadline(60))).frames([whole])
    assert moved.gain_map is not None
    plane = np.squeeze(moved.gain_map.pixels)
    assert set(np.unique(plane[:2, :2])) == {85}, "a third of the way from -1 to 2"
    assert plane[plane.shape[0] // 2, plane.shape[1] // 2] == 255


DROPPED = {
    "sepia": ("sepia", HDR, "jpeg"),
    "resize/blur": ("resize:200/blur:5", HDR, "jpeg"),
    "png": ("resize:200", HDR, "png"),
    "other-colours": ("flip", EncodeOptions(keep=frozenset({"hdr"}), profile="srgb"), "jpeg"),
}


@pytest.mark.parametrize(("text", "options", "written"), DROPPED.values(), ids=DROPPED.keys())
def test_what_changes_pixels_drops_the_map_and_says_so(text: str, options: EncodeOptions, written: str) -> None:
    result = _made(ultra_hdr_file(), text, options, written)
    assert result.dropped == ("keep=hdr",)
    assert codecs.probe(result.data, LIMITS).gain_map is None


def test_nothing_is_kept_unasked() -> None:
    result = _made(ultra_hdr_file(), "flip", EncodeOptions())
    assert result.dropped == ()
    for word in (b"hdrgm", b"21496", b"MPF\0"):
        assert word not in result.data


def test_a_picture_without_a_map_is_as_without_the_word(data: Path) -> None:
    file = (data / "images/kodak/kodim01.png").read_bytes()
    kept, plain = (
        _made(file, "resize:90", options).data for options in (HDR, msgspec.structs.replace(HDR, keep=frozenset()))
    )
    assert kept == plain


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_map_is_upright_as_its_picture(orientation: int) -> None:
    original = _pq(apple_light("far-dark"))
    off = np.abs(_pq(shown_by_libultrahdr(_made(apple_file(orientation=orientation), "").data)) - original) / original
    assert (off <= 0.02).mean() >= 0.99


def test_a_map_that_stands_already_stays() -> None:
    """Some phones store the picture on its side and the map upright."""
    got, expected = (_plane(apple_file(orientation=6, map_stands=stands)) for stands in (True, False))
    assert np.abs(got.astype(int) - expected).max() <= 3


def _plane(data: bytes) -> Pixels:
    frame = next(codecs.decode(data, codecs.probe(data, LIMITS), limits=LIMITS, gain_map=True))
    assert frame.gain_map is not None
    return frame.gain_map.pixels


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("told", [False, True], ids=["maker-note", "xmp"])
def test_apples_headroom(note: str, told: bool) -> None:
    found = codecs.probe(apple_file(note, told=told), LIMITS).gain_map
    assert found is not None
    assert 2**found.metadata.alternate_hdr_headroom == pytest.approx(headroom(*NOTES[note]), rel=1e-4)


METADATA = {
    "plain": GainMapMetadata(gain_map_min=(0, 0, 0), gain_map_max=(2, 2, 2), alternate_hdr_headroom=2),
    "channels": GainMapMetadata(
        gain_map_min=(-0.25, 0, 0.5), gain_map_max=(1.25, 2, 3), gamma=(0.9, 1, 1.1), base_offset=(0, 0.1, 0.2),
        alternate_offset=(0.3, 0.2, 0.1), alternate_hdr_headroom=3.5, base_hdr_headroom=0.25,
    ),
    "base-is-hdr": GainMapMetadata(
        gain_map_min=(-2, -2, -2), gain_map_max=(0, 0, 0), base_offset=(0.5, 0.5, 0.5), base_hdr_headroom=2,
        alternate_hdr_headroom=0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("metadata", METADATA.values(), ids=METADATA.keys())
def test_metadata_reads_as_it_was_written(metadata: GainMapMetadata) -> None:
    for again in (gain_maps.from_iso(gain_maps.to_iso(metadata)), gain_maps.from_xmp(gain_maps.to_xmp(metadata))):
        assert again is not None
        for name in metadata.__struct_fields__:
            assert getattr(again, name) == pytest.approx(getattr(metadata, name), abs=1e-5), name


REAL = {
    "adobe": ("seine_sdr_gainmap_srgb.jpg", (400, 300), 3, (-0.256907, -0.261365, -0.280284), 1.3),
    "elements": ("paris_exif_xmp_gainmap_bigendian.jpg", (512, 384), 1, (0, 0, 0), 3.5),
    "little-endian": ("paris_exif_xmp_gainmap_littleendian.jpg", (512, 384), 1, (0, 0, 0), 3.5),
    "apple": ("apple_gainmap_old.jpg", (192, 256), 1, (0, 0, 0), 3.0),
}


@pytest.mark.parametrize(("name", "size", "channels", "least", "headroom_"), REAL.values(), ids=REAL.keys())
def test_files_of_others(
    data: Path, name: str, size: tuple[int, int], channels: int, least: tuple[float, ...], headroom_: float
) -> None:
    """Adobe's, Google's and Apple's, as libavif's tests have them; what we write of them libultrahdr reads."""
    file = (data / "more/avif-libavif" / f"tests__data__{name}").read_bytes()
    found = codecs.probe(file, LIMITS).gain_map
    assert found is not None
    assert (found.size, found.channels, found.metadata.gain_map_min) == (size, channels, least)
    assert found.metadata.alternate_hdr_headroom == pytest.approx(headroom_, abs=1e-3)
    result = _made(file, "flop")
    assert result.dropped == ()
    light = shown_by_libultrahdr(result.data)
    assert light.shape[1::-1] == result.size
    assert light.max() > 1.5


def _broken(change: Callable[[bytearray, int], None]) -> bytes:
    """An Ultra HDR file with something wrong behind its index."""
    data = bytearray(ultra_hdr_file())
    change(data, data.index(b"MPF\0"))
    return bytes(data)


def _put(data: bytearray, place: int, content: bytes) -> None:
    data[place : place + len(content)] = content


STRANGE = {
    "offset-behind": lambda data, place: _put(data, place + 4 + 50 + 24, struct.pack(">I", 2**31)),
    "offset-to-nothing": lambda data, place: _put(data, place + 4 + 50 + 24, struct.pack(">I", 99)),
    "length-1": lambda data, place: _put(data, place + 4 + 50 + 20, struct.pack(">I", 1)),
    "no-entries": lambda data, place: _put(data, place + 4 + 8 + 2 + 24 + 4, bytes(4)),
    "cut-entries": lambda data, place: _put(data, place + 4 + 8 + 2 + 24 + 4, struct.pack(">I", 27)),
    "no-tiff": lambda data, place: _put(data, place + 4, b"XX"),
    "metadata-of-zero": lambda data, _: _put(data, data.rindex(b"21496:-1\0") + 9, bytes(61)),
    "later-version": lambda data, _: _put(data, data.rindex(b"21496:-1\0") + 9, b"\0\1"),
    "endless-gain": lambda data, _: _put(
        data, data.rindex(b"21496:-1\0") + 9 + 5 + 16 + 8, b"\x7f\xff\xff\xff\0\0\0\1"
    ),
    "no-map": lambda data, _: data.__delitem__(slice(data.rindex(b"\xff\xd8\xff"), None)),
}


@pytest.mark.parametrize("change", STRANGE.values(), ids=STRANGE.keys())
def test_a_map_in_doubt_is_none(change: Callable[[bytearray, int], None]) -> None:
    file = _broken(change)
    assert codecs.probe(file, LIMITS).gain_map is None
    result = _made(file, "flip")
    assert result.size == Size(WIDTH, HEIGHT)


def test_a_damaged_map_is_dropped_and_the_picture_stays() -> None:
    file = ultra_hdr_file()
    source = codecs.probe(file, LIMITS).gain_map
    assert source is not None
    result = _made(file[: source.start + source.length // 2], "flip")
    assert result.dropped == ("keep=hdr",)


@pytest.mark.parametrize("length", range(0, 6000, 251))
def test_truncated_files_are_survived(length: int) -> None:
    file = ultra_hdr_file()
    with suppress(DarkroomError):
        _made(file[: len(file) - length], "flip")
