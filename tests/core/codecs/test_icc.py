import io
import struct
import zlib
from functools import cache
from typing import Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.codecs import EncodeOptions, cicp, encode, icc, png
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import decibels, first, picture, pillow_file, pillow_save, read, rgba

DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139))
"""XYZ of red, green and blue, adapted to D50 (Lindbloom's tables)."""


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A hand-written version 2 profile for displays (ICC.1:2001-04, 6.1)."""
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, start + len(body), b"none", 0x02400000, b"mntr", space, b"XYZ ")
    head[36:40] = b"acsp"
    head[68:80] = _xyz(0.9642, 1.0, 0.8249)[8:]
    return bytes(head) + struct.pack(">I", len(tags)) + table + body


def _described(tags: dict[bytes, bytes]) -> dict[bytes, bytes]:
    text = b"test\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    return {b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(0.9642, 1.0, 0.8249), **tags}


@cache
def rgb_profile(primaries: tuple[tuple[float, ...], ...] = DISPLAY_P3, gamma: float = 2.2) -> bytes:
    red, green, blue = (_xyz(*primary) for primary in primaries)
    curve = _gamma(gamma)
    curves = {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return _profile(b"RGB ", _described({b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue, **curves}))


@cache
def grey_profile(gamma: float = 1.0) -> bytes:
    return _profile(b"GRAY", _described({b"kTRC": _gamma(gamma)}))


def _reference(image: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return converted


def _image() -> Image.Image:
    return Image.fromarray(cv2.cvtColor(made_picture(3), cv2.COLOR_BGR2RGB))


def _as_rgba(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("primaries", [DISPLAY_P3, ADOBE_RGB], ids=["display-p3", "adobe-rgb"])
def test_wide_gamut_becomes_srgb(name: str, primaries: tuple[tuple[float, ...], ...]) -> None:
    profile = rgb_profile(primaries)
    file = pillow_save(_image(), name, icc_profile=profile, quality=95)
    stored = Image.open(io.BytesIO(file)).convert("RGB")
    (got,) = read(file)
    assert decibels(rgba(got.pixels), _as_rgba(_reference(stored, profile))) >= 45
    assert decibels(rgba(got.pixels), _as_rgba(stored)) < 40, "the profile changed nothing"
    assert got.origin.icc is None


def test_keeping_the_profile_skips_the_conversion() -> None:
    file = pillow_save(_image(), "PNG", icc_profile=rgb_profile())
    (got,) = read(file, colours="keep")
    assert np.array_equal(rgba(got.pixels), _as_rgba(_image()))
    assert got.origin.icc == rgb_profile()


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif", "apng"])
def test_kept_profile_is_embedded(name: str) -> None:
    kept = picture(made_picture(3), icc=rgb_profile())
    with_profile = encode([kept], name, EncodeOptions(keep=frozenset({"icc"})))
    without = encode([kept], name)
    assert Image.open(io.BytesIO(with_profile)).info["icc_profile"] == rgb_profile()
    assert "icc_profile" not in Image.open(io.BytesIO(without)).info


def test_profile_longer_than_a_jpeg_segment() -> None:
    long = rgb_profile() + bytes(150_000)
    file = encode([picture(made_picture(3), icc=long)], "jpeg", EncodeOptions(keep=frozenset({"icc"})))
    assert Image.open(io.BytesIO(file)).info["icc_profile"] == long
    assert read(file, colours="keep")[0].origin.icc == long


def test_grey_under_a_colour_profile_stays_true() -> None:
    grey = picture(made_picture(1), icc=rgb_profile(gamma=1.8))
    file = encode([grey], "png", EncodeOptions(keep=frozenset({"icc"})))
    with Image.open(io.BytesIO(file)) as theirs:
        assert theirs.mode in {"RGB", "P"}
        assert np.array_equal(np.asarray(theirs.convert("RGB"))[:, :, :1], made_picture(1))


def test_colour_over_a_grey_profile_drops_it() -> None:
    file = encode([picture(made_picture(3), icc=grey_profile())], "png", EncodeOptions(keep=frozenset({"icc"})))
    assert "icc_profile" not in Image.open(io.BytesIO(file)).info


def test_grey_profile_keeps_one_channel() -> None:
    image = _image().convert("L")
    file = pillow_save(image, "PNG", icc_profile=grey_profile())
    got = first(file)
    assert got.shape[2] == 1
    assert decibels(rgba(got), _as_rgba(_reference(image, grey_profile()))) >= 45


def test_srgb_under_another_name_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(rgba(first(pillow_save(_image(), "PNG", icc_profile=profile))), _as_rgba(_image()))


@pytest.mark.parametrize(
    "profile",
    [b"", b"x" * 200, rgb_profile()[:200], rgb_profile()[:36] + b"none" + rgb_profile()[40:], bytes(5_000_000)],
    ids=["empty", "noise", "cut", "no-signature", "too-long"],
)
def test_unusable_profile_is_ignored(profile: bytes) -> None:
    pixels = made_picture(3)
    assert np.array_equal(icc.to_srgb(pixels.copy(), profile), pixels)


def test_profile_of_another_space_is_ignored() -> None:
    file = pillow_save(_image(), "PNG", icc_profile=grey_profile())
    assert np.array_equal(rgba(first(file)), _as_rgba(_image()))


def test_alpha_is_untouched() -> None:
    pixels = made_picture(4)
    image = Image.fromarray(rgba(pixels))
    got = first(pillow_save(image, "PNG", icc_profile=rgb_profile()))
    assert np.array_equal(got[:, :, 3], pixels[:, :, 3])
    assert not np.array_equal(got, pixels)


def test_huge_profile_in_a_png_is_not_inflated() -> None:
    file = pillow_save(_image(), "PNG")
    bomb = png._pack(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(50_000_000)))
    (got,) = read(file[:33] + bomb + file[33:])
    assert got.origin.icc is None


P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
_RGB709 = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))


def _matrix(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Linear RGB to XYZ under D65, as textbooks derive it."""
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    white = np.array((0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290))
    return columns * np.linalg.solve(columns, white)


def _in_p3(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    code = rgb / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    light = light @ (np.linalg.inv(_matrix(P3)) @ _matrix(_RGB709)).T
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_srgb_becomes_display_p3_by_the_formulas(channels: int) -> None:
    pixels = made_picture(channels)
    (got,) = read(pillow_file("PNG", pixels), colours="p3")
    if channels == 1:
        assert np.array_equal(got.pixels, pixels)
        return
    expected = _in_p3(np.ascontiguousarray(pixels[:, :, 2::-1]))
    assert np.abs(got.pixels[:, :, 2::-1] - expected).max() <= 2
    assert np.array_equal(got.pixels[:, :, 3:], pixels[:, :, 3:])


def test_p3_keeps_what_srgb_clips() -> None:
    profile = cicp.of_code_points(12, 13)
    reds = np.zeros((2, 8, 3), np.uint8)
    reds[:, :, 2] = range(248, 256)
    file = pillow_file("PNG", reds, icc_profile=profile)
    assert np.array_equal(first(file, colours="p3"), reds)
    assert (first(file) == (0, 0, 255)).all()


CARRIERS = ["jpeg", "png", "apng", "webp", "tiff", "avif"]


@pytest.mark.parametrize("name", CARRIERS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("profile", ["srgb", "p3"])
def test_the_profile_that_is_asked_for_is_written(name: str, channels: int, profile: Literal["srgb", "p3"]) -> None:
    """Pillow converts the file by its profile to the colours that were there."""
    pixels = cv2.GaussianBlur(made_picture(channels, 64, 48), (9, 9), 0).reshape(48, 64, channels)
    source = read(pillow_file("PNG", pixels), colours=profile)
    file = encode(source, name, EncodeOptions(profile=profile, quality=100, chroma="444"))
    image = Image.open(io.BytesIO(file))
    shown = ImageCms.profileToProfile(
        image.convert("RGB") if image.mode != "L" else image,
        ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"])),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
    )
    assert shown is not None
    assert np.abs(np.asarray(shown).astype(int) - rgba(pixels)[:, :, :3]).mean() < 2.5


def test_without_the_option_no_profile_is_written() -> None:
    for name in CARRIERS:
        assert "icc_profile" not in Image.open(io.BytesIO(encode([picture(made_picture(3))], name))).info
