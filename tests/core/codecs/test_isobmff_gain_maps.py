"""Gain maps of AVIFs that libavif wrote, beside the same in JPEGs, and what is no map."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from core import codecs
from core.codecs import EncodeOptions, isobmff_gain_maps
from core.limits import Deadline
from core.output import Output
from core.picture import Pixels, Size
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.core.codecs.gain_map_files import shown_by_libultrahdr
from tests.core.codecs.support import LIMITS

FOLDER = "more/avif-libavif/tests__data__"


def _file(data: Path, name: str) -> bytes:
    return (data / f"{FOLDER}{name}").read_bytes()


def _plane(file: bytes) -> Pixels:
    frame = next(codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS, gain_map=True))
    assert frame.gain_map is not None
    return frame.gain_map.pixels


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
        options = EncodeOptions(keep=frozenset({"hdr"}), quality=95)
        output = Output(pipeline=Pipeline.parse("flip"), format="jpeg", options=options)
        (made,) = process(file, codecs.probe(file, LIMITS), [output], Context(LIMITS, Deadline(60)))
        assert codecs.probe(made.data, LIMITS).gain_map
        shown.append(shown_by_libultrahdr(made.data))
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
    moved = isobmff_gain_maps.with_primary(file, source.start)
    assert len(moved) == len(file)
    assert isobmff_gain_maps.of_primary(moved) is None
    assert isobmff_gain_maps.with_primary(b"no boxes", 3) == b"no boxes"
