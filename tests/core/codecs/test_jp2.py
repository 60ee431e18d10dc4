import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, features

from core import codecs
from core.errors import DarkroomError, TooMuchWorkError
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, decibels, first, pillow_file, pillow_image, pillow_save, rgba
from tests.core.codecs.test_icc import rgb_profile

EXACT = {"irreversible": False}


def file(channels: int = 3, **options: object) -> bytes:
    return pillow_file("JPEG2000", made_picture(channels), **{**EXACT, **options})


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("raw", [False, True], ids=["jp2", "codestream"])
def test_it_is_read_exactly(channels: int, raw: bool) -> None:
    data = file(channels, no_jp2=raw)
    origin = codecs.probe(data, LIMITS)
    assert (origin.format, origin.size, origin.channels, origin.depth) == ("jp2", Size(96, 64), channels, 8)
    assert np.array_equal(rgba(first(data)), rgba(made_picture(channels)))


def test_another_reader_sees_the_same() -> None:
    data = file(irreversible=True, quality_layers=[20])
    theirs = imagecodecs.jpeg2k_decode(data)
    assert decibels(rgba(first(data)), cv2.cvtColor(theirs, cv2.COLOR_RGB2RGBA)) > 45


def test_tiles() -> None:
    assert np.array_equal(first(file(tile_size=(32, 32))), made_picture(3))


def test_grey_with_alpha() -> None:
    image = pillow_image(made_picture(4)).convert("LA")
    got = first(pillow_save(image, "JPEG2000", **EXACT))
    assert np.array_equal(got[:, :, [0, 3]], np.asarray(image))


def test_sixteen_bits_of_grey() -> None:
    deep = np.random.default_rng(7).integers(0, 65536, (40, 50)).astype(np.uint16)
    data = pillow_save(Image.fromarray(deep), "JPEG2000", **EXACT)
    assert codecs.probe(data, LIMITS).depth == 16
    assert np.abs(first(data)[:, :, 0].astype(int) - np.rint(deep / 257).astype(int)).max() <= 1


def test_a_profile_is_applied() -> None:
    data = file()
    place = data.index(b"colr") - 4
    length = int.from_bytes(data[place : place + 4], "big")
    box = b"colr\2\0\0" + rgb_profile()
    header = data.index(b"jp2h") - 4
    grown = int.from_bytes(data[header : header + 4], "big") + len(box) + 4 - length
    changed = data[:place] + (len(box) + 4).to_bytes(4, "big") + box + data[place + length :]
    changed = changed[:header] + grown.to_bytes(4, "big") + changed[header + 4 :]
    assert codecs.probe(changed, LIMITS).icc == rgb_profile()
    as_png = pillow_file("PNG", made_picture(3), icc_profile=rgb_profile())
    assert decibels(rgba(first(changed)), rgba(first(as_png))) > 45


def test_a_giant_is_refused_by_its_header() -> None:
    data = bytearray(file(no_jp2=True))
    data[8:16] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(bytes(data), LIMITS)
    assert caught.value.code in {"too_many_pixels", "too_much_work"}


def test_two_sizes_are_damage() -> None:
    """Pillow makes room for the one of the box."""
    data = bytearray(file())
    data[data.index(b"ihdr") + 4] = 0x20
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(bytes(data), LIMITS)
    assert caught.value.code == "damaged_image"


def test_tiny_tiles_are_refused() -> None:
    data = bytearray(file(no_jp2=True))
    data[24:32] = (1).to_bytes(4, "big") * 2
    with pytest.raises(TooMuchWorkError):
        codecs.probe(bytes(data), LIMITS)


def test_pillow_has_openjpeg() -> None:
    assert features.check_codec("jpg_2000")
