"""Gain maps of AVIFs that libavif wrote, beside the same in JPEGs, of HEICs, and what is no map."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import codecs
from core.codecs import EncodeOptions, gain_maps, isobmff_edits, isobmff_gain_maps
from core.limits import Deadline
from core.output import Output
from core.picture import GainMapMetadata, Pixels, Size
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.core.codecs.gain_map_files import shown_by_libultrahdr
from tests.core.codecs.gain_map_heics import apple_heic, iso_heic
from tests.core.codecs.support import LIMITS, first

FOLDER = "more/avif-libavif/tests__data__"


def _file(data: Path, name: str) -> bytes:
    return (data / f"{FOLDER}{name}").read_bytes()


def _plane(file: bytes) -> Pixels:
    frame = next(codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS, gain_map=True))
    assert frame.gain_map is not None
    return frame.gain_map.pixels


def _ultra_hdr(file: bytes, text: str) -> bytes:
    options = EncodeOptions(keep=frozenset({"hdr"}), quality=95)
    output = Output(pipeline=Pipeline.parse(text), format="jpeg", options=options)
    return next(process(file, codecs.probe(file, LIMITS), [output], Context(LIMITS, Deadline(60)))).data


FILES = {
    "seine_sdr_gainmap_srgb.avif": Size(400, 300),
    "seine_sdr_gainmap_big_srgb.avif": Size(800, 600),
    "color_grid_alpha_grid_gainmap_nogrid.avif": Size(64, 80),
    "unsupported_gainmap_writer_version_with_extra_bytes.avif": Size(50, 50),
    "unsupported_gainmap_version.avif": None,
    "unsupported_gainmap_minimum_version.avif": None,
}


@pytest.mark.parametrize("name", FILES)
def test_maps_that_libavif_wrote(data: Path, name: str) -> None:
    file = _file(data, name)
    found = codecs.probe(file, LIMITS).gain_map
    assert (found.size if found else None) == FILES[name]
    if found:
        assert _plane(file).shape == (found.size.height, found.size.width, found.channels)


def test_it_is_the_map_that_the_jpeg_has(data: Path) -> None:
    jpeg, avif = (_file(data, f"seine_sdr_gainmap_srgb.{kind}") for kind in ("jpg", "avif"))
    theirs, ours = (codecs.probe(file, LIMITS).gain_map for file in (jpeg, avif))
    assert theirs
    assert ours
    for name in ("gain_map_min", "gain_map_max", "gamma", "base_offset", "alternate_offset"):
        assert getattr(ours.metadata, name) == pytest.approx(getattr(theirs.metadata, name), abs=1e-3), name
    expected = cv2.resize(_plane(jpeg), (400, 300), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(_plane(avif) - expected).mean() < 3


def test_it_becomes_an_ultra_hdr_jpeg_that_shows_the_same(data: Path) -> None:
    shown = []
    for kind in ("jpg", "avif"):
        file = _file(data, f"seine_sdr_gainmap_srgb.{kind}")
        made = _ultra_hdr(file, "flip")
        assert codecs.probe(made, LIMITS).gain_map
        shown.append(shown_by_libultrahdr(made))
    assert np.abs(shown[0] - shown[1]).mean() < 0.03 * shown[0].mean()


@pytest.mark.parametrize("cut", [1, 20, 60, 141])
def test_a_map_that_says_too_little_is_none(data: Path, cut: int) -> None:
    file = bytearray(_file(data, "seine_sdr_gainmap_srgb.avif"))
    place = file.index(struct.pack(">H", 2) + b"\0\0\0\1", file.index(b"iloc"))
    at = file.index(struct.pack(">I", 142), place)
    file[at : at + 4] = struct.pack(">I", cut)
    assert codecs.probe(bytes(file), LIMITS).gain_map is None


def test_another_primary_item_is_shown(data: Path) -> None:
    file = _file(data, "seine_sdr_gainmap_srgb.avif")
    source = codecs.probe(file, LIMITS).gain_map
    assert source
    moved = isobmff_edits.with_primary(file, source.start)
    assert len(moved) == len(file)
    assert isobmff_gain_maps.of_primary(moved) is None
    assert isobmff_edits.with_primary(b"no boxes", 3) == b"no boxes"


TWO_STOPS = GainMapMetadata(
    gain_map_min=(0, 0, 0), gain_map_max=(2, 2, 2), base_offset=(0, 0, 0), alternate_offset=(0, 0, 0),
    alternate_hdr_headroom=2,
)  # fmt: skip


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_a_heic_of_apple_becomes_an_ultra_hdr_jpeg(data: Path, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the alpha of a HEIC made a gain map: the codes of the map, and what libultrahdr shows of the result."""
    file = _with_alpha(data, bits)
    heic = apple_heic(file)
    assert codecs.probe(heic, LIMITS).gain_map is None, "nothing tells its headroom"
    monkeypatch.setattr(gain_maps, "of_apple", lambda _xmp, _exif: TWO_STOPS)
    source = codecs.probe(heic, LIMITS).gain_map
    assert source is not None
    assert (source.size, source.apple) == (Size(29, 100), True)
    alpha = first(file)[:, :, 3].astype(int)
    near = [gain_maps.in_stops(np.clip(alpha + off, 0, 255).astype(np.uint8), TWO_STOPS) for off in (-1, 1)]
    map_ = _plane(heic)[:, :, 0].astype(int)
    assert (near[0].astype(int) - 1 <= map_).all()
    assert (map_ <= near[1].astype(int) + 1).all()
    _is_bright(heic)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_a_heic_of_iso_becomes_an_ultra_hdr_jpeg(data: Path, bits: int) -> None:
    """Its map is one by an item `tmap`; it stays what it was."""
    file = _with_alpha(data, bits)
    heic = iso_heic(file, TWO_STOPS)
    origin = codecs.probe(heic, LIMITS)
    assert (origin.size, origin.channels) == (Size(29, 100), 3)
    assert origin.gain_map is not None
    assert origin.gain_map.metadata == TWO_STOPS
    assert np.abs(_plane(heic)[:, :, 0].astype(int) - first(file)[:, :, 3]).max() <= 1
    assert np.abs(first(heic).astype(int) - first(file)[:, :, :3]).max() <= 1
    _is_bright(heic)


def _with_alpha(data: Path, bits: int) -> bytes:
    return (data / f"more/heif-pillow/tests__images__heif__RGBA_{bits}__29x100.heif").read_bytes()


def _is_bright(heic: bytes) -> None:
    light = shown_by_libultrahdr(_ultra_hdr(heic, "resize:58,200,fit=fill,enlarge=true"))
    assert light.shape[:2] == (200, 58)
    assert light.max() > 1.5
