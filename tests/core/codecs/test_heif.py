import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pi_heif
import pytest
from PIL import Image

from core import codecs
from core.codecs import isobmff, isobmff_edits, streams
from core.errors import DarkroomError, TooMuchWorkError
from core.picture import Size
from tests.conftest import ROOT, made_picture
from tests.core.codecs.support import LIMITS, first, pillow_file, rgba, written
from tests.costs import yardsticks

HEICS = ["example", "heic-iphone7", "winter_1440x960"]


@pytest.mark.parametrize("name", HEICS)
def test_heic_is_as_large_as_libheif_says(name: str, data: Path) -> None:
    file = (data / f"formats/heic/{name}.heic").read_bytes()
    assert codecs.probe(file, LIMITS).size == pi_heif.open_heif(file).size


@pytest.mark.parametrize("name", HEICS)
def test_the_stream_says_what_the_container_says(name: str, data: Path) -> None:
    found = isobmff.primary((data / f"formats/heic/{name}.heic").read_bytes())
    tile = Size(512, 512)
    assert found.coded == tile or 0 <= found.coded.pixels - found.size.pixels < 8 * sum(found.size)


@pytest.mark.parametrize("size", [(16, 9), (333, 200), (4000, 16)])
@pytest.mark.parametrize("speed", [6, 10])
def test_size_of_an_av1_stream(size: tuple[int, int], speed: int) -> None:
    found = isobmff.primary(pillow_file("AVIF", made_picture(3, *size), speed=speed))
    assert found.coded == found.size == Size(*size)


def test_size_of_an_av1_sequence(data: Path) -> None:
    assert isobmff.primary((data / "formats/heic/example.avif").read_bytes()).coded == Size(800, 533)


@pytest.mark.parametrize("name", ["L_10__128x128", "RGB_10__29x100", "RGB_12__128x128", "RGBA_10__29x100"])
def test_deep_samples_are_spread_over_eight_bits(name: str, data: Path) -> None:
    file = (data / f"more/heif-pillow/tests__images__heif__{name}.heif").read_bytes()
    image = pi_heif.open_heif(file, convert_hdr_to_8bit=False)
    deep = np.array(image).astype(float)
    got = first(file, colours="keep")
    assert got.dtype == np.uint8
    colours = rgba(got)[:, :, 0] if deep.ndim == 2 else rgba(got)[:, :, : deep.shape[2]]
    assert np.abs(colours - deep / 65535 * 255).max() <= 4


def _lying(large: tuple[int, int]) -> bytes:
    """An AVIF whose boxes say 16×16."""
    file = pillow_file("AVIF", np.zeros((large[1], large[0], 3), np.uint8), speed=10)
    place = file.index(b"ispe") + 8
    return file[:place] + struct.pack(">II", 16, 16) + file[place + 8 :]


def test_the_larger_size_is_declared() -> None:
    """Decoders make room for what the stream says, whatever the boxes say."""
    lying, honest = _lying((800, 600)), pillow_file("AVIF", np.zeros((600, 800, 3), np.uint8), speed=10)
    found, expected = (codecs.decoding(codecs.probe(file, LIMITS)) for file in (lying, honest))
    assert codecs.probe(lying, LIMITS).size == Size(16, 16)
    assert found.memory == expected.memory
    assert found.work == pytest.approx(expected.work, rel=0.01)


def test_a_later_sequence_header_counts_too() -> None:
    first_one, second = pillow_file("AVIF", made_picture(3, 16, 9)), pillow_file("AVIF", made_picture(3, 640, 480))
    streams_of = [_stream(file) for file in (first_one, second)]
    assert streams.av1_size(b"".join(streams_of)) == Size(640, 480)
    assert streams.av1_size(b"".join(reversed(streams_of))) == Size(640, 480)


def _stream(file: bytes) -> bytes:
    return file[file.index(b"mdat") + 4 :]


def test_a_second_parameter_set_counts_too(data: Path) -> None:
    """libde265 takes the one that the picture names."""
    file = (data / "formats/heic/example.heic").read_bytes()
    large = (data / "formats/heic/winter_1440x960.heic").read_bytes()
    sets = [content for one in (file, large) for content in _parameter_sets(one)]
    box = bytes(22) + b"\1\x21" + struct.pack(">H", len(sets)) + b"".join(sets)
    assert streams.hevc_size(box) == max(
        (isobmff.primary(one).coded for one in (file, large)), key=lambda size: size.pixels
    )


def _parameter_sets(file: bytes) -> list[bytes]:
    """The sequence parameter sets of the first hvcC, with their lengths."""
    place = file.index(b"hvcC") + 4 + 23
    while file[place] & 63 != 33:
        place += 5 + int.from_bytes(file[place + 3 : place + 5], "big")
    return [file[place + 3 : place + 5 + int.from_bytes(file[place + 3 : place + 5], "big")]]


@pytest.mark.parametrize("data", [b"", b"\x12\0", b"\x0a", b"\x0a\xff\xff\xff", b"\xff" * 40, bytes(40)])
def test_noise_as_a_stream(data: bytes) -> None:
    streams.av1_size(data)
    streams.hevc_size(data * 3)


def test_grey_avif_stays_grey() -> None:
    assert first(written(made_picture(1), "avif")).shape[2] == 1
    assert codecs.probe(written(made_picture(1), "avif"), LIMITS).channels == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_by_the_container(orientation: int) -> None:
    """AVIF keeps EXIF's orientation as irot and imir."""
    block = Image.Exif()
    block[0x0112] = orientation
    file = pillow_file("AVIF", made_picture(3), exif=block)
    assert isobmff.primary(file).turn == orientation
    assert codecs.probe(file, LIMITS).size == ((96, 64) if orientation < 5 else (64, 96))


@pytest.mark.parametrize("box", [b"meta", b"pitm", b"iprp", b"ipco", b"ipma", b"ispe"])
def test_a_missing_box_is_damage(box: bytes) -> None:
    file = pillow_file("AVIF").replace(box, b"free")
    with pytest.raises(DarkroomError) as caught:
        first(file)
    assert caught.value.code == "damaged_image"


def test_boxes_that_do_not_end() -> None:
    assert list(isobmff.boxes(memoryview(b"\0\0\0\0meta"))) == [(b"meta", memoryview(b""))]
    with pytest.raises(TooMuchWorkError):
        list(isobmff.boxes(memoryview(b"\0\0\0\x08free" * 10_000)))
    assert len(list(isobmff.boxes(memoryview(b"\0\0\0\2free" * 10)))) == 1


def test_locations_without_bytes_are_not_walked() -> None:
    """Extents of no bytes: 65,535 of them for each of many items."""
    file = pillow_file("AVIF")
    bomb = b"\1\0\0\0\0\0\xff\xff" + b"\0\1\0\0\0\0\xff\xff" * 4000
    box = struct.pack(">I", len(bomb) + 8) + b"iloc" + bomb
    place = file.index(b"meta") - 4
    (length,) = struct.unpack_from(">I", file, place)
    meta = file[place + 8 : place + 12] + box + file[place + 12 : place + length].replace(b"iloc", b"free")
    changed = file[:place] + struct.pack(">I", len(meta) + 8) + b"meta" + meta + file[place + length :]

    def refused() -> None:
        with pytest.raises(DarkroomError):
            codecs.probe(changed, LIMITS)

    assert yardsticks(refused) < 50


def test_a_grid_that_is_larger_than_it_says(data: Path) -> None:
    file = (data / "formats/heic/heic-iphone7.heic").read_bytes()
    place = file.index(struct.pack(">BBBBHH", 0, 0, 5, 7, 4032, 3024))
    bomb = file[: place + 4] + struct.pack(">HH", 60000, 60000) + file[place + 8 :]
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(bomb, LIMITS)
    assert caught.value.code == "too_many_pixels"


def test_another_coding_of_the_main_picture() -> None:
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(pillow_file("AVIF").replace(b"av01", b"unci"), LIMITS)
    assert caught.value.code == "not_an_image"


def test_main_picture_that_is_not_the_first(data: Path) -> None:
    file = (data / "hostile/sharp/pitm.avif").read_bytes()
    with Image.open(data / "hostile/sharp/pitm.avif") as theirs:
        assert np.array_equal(rgba(first(file)), np.asarray(theirs.convert("RGBA")))


_DIGEST = """
import sys
from tests.core.codecs.support import first
print(first(open(sys.argv[1], "rb").read()).tobytes().hex())
"""


def test_grey_is_not_read_from_memory_that_was_freed(data: Path) -> None:
    """The C library fills what is freed: pixels that only show a decoder's memory would come out as that."""
    file = data / "more/heif-pillow/tests__images__heif_other__L_xmp_latin1.heic"
    seen = []
    for fill in ("0", "165"):
        known = {**os.environ, "MALLOC_PERTURB_": fill}
        command = [sys.executable, "-W", "ignore", "-c", _DIGEST, str(file)]
        ran = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=True)
        seen.append(ran.stdout)
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "name",
    [
        "formats/heic/heic-iphone7.heic",
        *(f"more/heif-pillow/tests__images__heif_other__L_{n}.heic" for n in ("xmp_latin1", "exif_xmp_iptc")),
    ],
)
def test_metadata_is_kept_from_the_library(name: str, data: Path) -> None:
    """pi-heif 1.4 ends the process where an item's kind is no UTF-8: it is shown none."""
    file = (data / name).read_bytes()
    whole, bare = (pi_heif.open_heif(one) for one in (file, isobmff_edits.without_metadata(file)))
    assert whole.info["metadata"] or whole.info["exif"] or whole.info.get("xmp")
    assert not [bare.info[kind] for kind in ("metadata", "exif", "xmp") if bare.info.get(kind)]
    assert np.array_equal(np.array(whole), np.array(bare))


def test_the_library_is_given_no_metadata(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, given = (data / "formats/heic/heic-iphone7.heic").read_bytes(), []
    opened = pi_heif.open_heif
    monkeypatch.setattr(pi_heif, "open_heif", lambda one, **options: given.append(one) or opened(one, **options))
    assert codecs.probe(file, LIMITS).exif
    first(file)
    assert given == [isobmff_edits.without_metadata(file)] != [file]
