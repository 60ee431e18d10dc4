"""Every real file decodes as Pillow, or libheif through pi-heif, decodes it, with the colours that gAMA means."""

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pi_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from core import codecs
from core.codecs import icc
from core.errors import DarkroomError
from core.limits import Limits
from tests.conftest import DATA
from tests.core.codecs.support import LIMITS, decibels, read, rgba
from tests.costs import yardsticks

REFUSED = {
    "formats/image-rs/qoi__basic-test.qoi": "not_an_image",  # QOI is not among our formats
    "images/coral/COPYRIGHT": "not_an_image",  # a text
    "images/photos/giant-image.jpg": "too_many_pixels",  # 280 megapixels
}

OTHERWISE = {
    "formats/image-rs/png__apng__wpt__fcTL-dispose-in-region-previous.png": "Pillow undoes no frame it blended over",
    "formats/image-rs/png__transparency__tbbn0g04.png": "Pillow takes the 4-bit key level for an 8-bit one",
    "formats/pngsuite/tbbn0g04.png": "Pillow takes the 4-bit key level for an 8-bit one",
    "formats/pngsuite/tbwn0g16.png": "Pillow loses the 16-bit key level",
    "formats/image-rs/tiff__testsuite__rgb32f_bw.tiff": "Pillow reads no RGB in floats",
    "formats/image-rs/tiff__testsuite__rgb32f_color.tiff": "Pillow reads no RGB in floats",
    "formats/image-rs/gif__anim__border_touching_layers.gif": "Pillow fills what no frame covers with a colour",
    "formats/image-rs/gif__anim__issue_1455_undersized.gif": "Pillow fills what no frame covers with a colour",
}
"""Where the reference is wrong; each has a test of its own below."""


def _files() -> list[str]:
    folders = ("formats", "images", "exif")
    found = (path for folder in folders for path in sorted((DATA / folder).rglob("*")) if path.is_file())
    return [str(path.relative_to(DATA)) for path in found]


FILES = _files()


def test_there_are_files(data: Path) -> None:
    assert len(FILES) > 250


@pytest.mark.parametrize("name", FILES)
def test_decodes_as_the_reference(name: str, data: Path) -> None:
    file = (data / name).read_bytes()
    if name in REFUSED:
        with pytest.raises(DarkroomError) as caught:
            read(file)
        assert caught.value.code == REFUSED[name]
        return
    frames = read(file)
    assert all(frame.pixels.flags.c_contiguous and frame.pixels.dtype == np.uint8 for frame in frames)
    assert all(frame.origin.size == frame.size and frame.origin.channels == frame.pixels.shape[2] for frame in frames)
    probed = codecs.probe(file, LIMITS)
    assert (probed.size, probed.channels, probed.frames) == (frames[0].size, frames[0].pixels.shape[2], len(frames))
    if name not in OTHERWISE:
        for frame, expected in zip(frames, _references(file), strict=True):
            assert rgba(frame.pixels).shape == expected.shape
            assert decibels(rgba(frame.pixels), expected) >= 30


def _references(file: bytes) -> list[NDArray[np.uint8]]:
    pi_heif.register_heif_opener()
    with Image.open(io.BytesIO(file)) as image:
        frames = getattr(image, "n_frames", 1) if image.format in {"GIF", "PNG", "WEBP"} else 1
        found = []
        for number in range(1 if image.info.get("default_image") else 0, frames):
            if frames > 1:
                image.seek(number)
            shown = _reference(ImageOps.exif_transpose(image), image.info.get("icc_profile"))
            found.append(_with_gamma(shown, image.info) if image.format == "PNG" else shown)
    return found


def _with_gamma(shown: NDArray[np.uint8], said: dict[str, Any]) -> NDArray[np.uint8]:
    """As PNG, third edition, 13.13 says: samples to the exponent of 1/gAMA are light, which sRGB codes."""
    gamma = said.get("gamma")
    if not gamma or abs(gamma - 0.45455) < 0.01 or "icc_profile" in said or "srgb" in said:
        return shown
    light = (np.arange(256) / 255) ** (1 / gamma)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    result = shown.copy()
    result[:, :, :3] = np.rint(coded * 255).astype(np.uint8)[shown[:, :, :3]]
    return result


def _reference(image: Image.Image, profile: bytes | None) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):
        image = Image.fromarray(((np.asarray(image).astype(np.int64) + 128) // 257).astype(np.uint8))
    if profile and image.mode == "RGB" and icc.channels(profile) == 3:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB")) or image
    return np.asarray(image.convert("RGBA"))


def test_an_apng_frame_that_is_undone(data: Path) -> None:
    """All of its frames end in green, as the Web Platform Tests say."""
    frames = read((data / "formats/image-rs/png__apng__wpt__fcTL-dispose-in-region-previous.png").read_bytes())
    assert {tuple(pixel) for pixel in rgba(frames[2].pixels).reshape(-1, 4).tolist()} == {(0, 255, 0, 255)}


@pytest.mark.parametrize("name", ["tbbn0g04", "tbwn0g16"])
def test_grey_with_a_transparent_level(name: str, data: Path) -> None:
    """The same rose in 8-bit palette colours shows where it is clear."""
    (frame,) = read((data / f"formats/pngsuite/{name}.png").read_bytes())
    (palette,) = read((data / "formats/pngsuite/tbbn3p08.png").read_bytes())
    assert frame.pixels.shape[2] == 4
    assert np.mean(frame.pixels[:, :, 3] == palette.pixels[:, :, 3]) > 0.95
    assert set(np.unique(frame.pixels[:, :, 3])) == {0, 255}


@pytest.mark.parametrize("name", ["bw", "color"])
def test_float_tiff(name: str, data: Path) -> None:
    """These two files hold 32×32 uncompressed RGB floats from byte 8 on."""
    file = (data / f"formats/image-rs/tiff__testsuite__rgb32f_{name}.tiff").read_bytes()
    floats = np.frombuffer(file, "<f4", 32 * 32 * 3, 8).reshape(32, 32, 3)
    expected = np.rint(np.clip(floats, 0, 1) * 255).astype(np.uint8)
    (frame,) = read(file)
    assert np.abs(frame.pixels[:, :, ::-1].astype(int) - expected).max() <= 1


@pytest.mark.parametrize("name", ["Landscape", "Portrait"])
def test_all_orientations_are_upright_and_alike(name: str, data: Path) -> None:
    pictures = [read((data / f"exif/{name}_{number}.jpg").read_bytes())[0] for number in range(1, 9)]
    assert [picture.origin.orientation for picture in pictures] == list(range(1, 9))
    size = pictures[0].size
    assert (size.width > size.height) == (name == "Landscape")
    for picture in pictures[1:]:
        assert picture.size == size
        # Each file was compressed on its own: as Pillow decodes them the furthest are 28.9 dB apart, mirrored ones 13.
        assert decibels(rgba(picture.pixels), rgba(pictures[0].pixels)) >= 28.5


def test_sixteen_bits_are_rounded(data: Path) -> None:
    file = (data / "formats/pngsuite/basn2c16.png").read_bytes()
    deep = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED).astype(np.float64)
    assert np.array_equal(read(file.replace(b"gAMA", b"gAMa"))[0].pixels, np.rint(deep / 257).astype(np.uint8))


@pytest.mark.parametrize(("name", "place"), [("border_touching_layers", 0), ("issue_1455_undersized", 99)])
def test_what_no_frame_of_a_gif_covers_is_transparent(name: str, place: int, data: Path) -> None:
    frames = read((data / f"formats/image-rs/gif__anim__{name}.gif").read_bytes())
    assert frames[0].pixels[place, place].tolist() == [0, 0, 0, 0]
    assert frames[0].pixels[30, 30, 3] == 255


def test_giant_is_refused_in_no_time(data: Path) -> None:
    file = (data / "images/photos/giant-image.jpg").read_bytes()

    def refused() -> None:
        with pytest.raises(DarkroomError) as caught:
            codecs.probe(file, Limits())
        assert caught.value.status == 413

    assert yardsticks(refused) < 5
