"""WebP by libwebp's own settings: what they change, beside Pillow's files and decoder."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions, webp_native
from core.codecs.webp_native import WebpSettings
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import (
    EXACT,
    LIMITS,
    decibels,
    first,
    pillow_image,
    pillow_save,
    rgba,
    shift,
    shown,
    written,
)


def _drawing() -> Pixels:
    """Coloured words and discs, at whose edges colours of a quarter of the resolution are a compromise."""
    pixels, random = np.full((160, 240, 3), 250, np.uint8), np.random.default_rng(2)
    for number in range(9):
        color = tuple(map(int, random.integers(0, 256, 3)))
        cv2.putText(
            pixels, "quick brown fox", (4, 16 + 17 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, 1, cv2.LINE_AA
        )
        cv2.circle(pixels, (200, 16 * number), 7, color, -1, cv2.LINE_AA)
    return pixels


def test_sharp_chroma_is_nearer_at_coloured_edges() -> None:
    plain, sharp = (written(_drawing(), "webp", EncodeOptions(sharp=sharp, quality=90)) for sharp in (False, True))
    nearness = [decibels(rgba(first(file)), rgba(_drawing())) for file in (plain, sharp)]
    assert nearness[1] > nearness[0] + 0.3
    assert len(sharp) < 1.2 * len(plain)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sharp_is_as_near_as_ever_and_read_alike(channels: int) -> None:
    pixels = made_picture(channels)
    file = written(pixels, "webp", EncodeOptions(sharp=True))
    assert decibels(rgba(first(file)), rgba(pixels)) > 31
    with Image.open(io.BytesIO(file)) as theirs:
        assert decibels(rgba(first(file)), np.asarray(theirs.convert("RGBA"))) >= 45


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_near_lossless_is_smaller_the_farther_it_goes(channels: int) -> None:
    noise = np.random.default_rng(7).normal(0, 3, (200, 300, channels))
    pixels = np.clip(made_picture(channels, 300, 200) + noise, 0, 255).astype(np.uint8)
    if channels == 4:
        pixels[:, :, 3] = 255
    files = [written(pixels, "webp", EncodeOptions(near_lossless=near)) for near in (100, 60, 0)]
    assert np.array_equal(rgba(first(files[0])), shown(pixels))
    assert len(files[0]) > 1.05 * len(files[1]) > 1.05 * 1.05 * len(files[2])
    assert EXACT > decibels(rgba(first(files[1])), rgba(pixels)) > decibels(rgba(first(files[2])), rgba(pixels)) > 30


def test_lossless_wins_over_both() -> None:
    pixels = made_picture(3)
    for options in ({"sharp": True}, {"near_lossless": 0}):
        file = written(pixels, "webp", EncodeOptions(lossless=True, **options))
        assert np.array_equal(first(file), pixels)


def test_without_either_it_is_as_pillow_writes_it() -> None:
    """The same libwebp settings: what differs is libwebp's version alone."""
    ours = webp_native.webp_file(rgba(made_picture(3)), WebpSettings(80, 4))
    theirs = pillow_save(pillow_image(made_picture(3)), "WEBP", quality=80, method=4)
    assert len(ours) == pytest.approx(len(theirs), rel=0.02)
    assert decibels(rgba(first(ours)), rgba(first(theirs))) > 40


def test_animations_and_transparent_pixels() -> None:
    frames = shift(made_picture(4), 3)
    for options in (EncodeOptions(sharp=True), EncodeOptions(near_lossless=60)):
        assert codecs.probe(codecs.encode(frames, "webp", options), LIMITS).frames == 3
    pixels = made_picture(4)
    got = first(written(pixels, "webp", EncodeOptions(near_lossless=60)))
    assert not got[pixels[:, :, 3] == 0, 3].any()


@pytest.mark.parametrize(
    "settings", [WebpSettings(101, 4), WebpSettings(80, 9), WebpSettings(80, 4, near_lossless=101)]
)
def test_settings_that_libwebp_refuses(settings: WebpSettings) -> None:
    with pytest.raises(RuntimeError):
        webp_native.webp_file(rgba(made_picture(3)), settings)


def test_what_libwebp_cannot_encode() -> None:
    with pytest.raises(RuntimeError, match="did not encode"):
        webp_native.webp_file(np.zeros((1, 16_384, 4), np.uint8), WebpSettings(80, 0))


@pytest.mark.parametrize(
    "options",
    [EncodeOptions(quality=100, effort=0), EncodeOptions(quality=100, effort=2, sharp=True)],
    ids=["by Pillow", "by libwebp"],
)
def test_noise_so_large_that_vp8_has_no_room_for_how_its_blocks_are_predicted(options: EncodeOptions) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (4000, 6000, 3), np.uint8)
    image = Image.open(io.BytesIO(written(noise, "webp", options)))
    assert image.size == (6000, 4000)
    shown = np.ascontiguousarray(np.asarray(image)[:500, :, ::-1])
    assert cv2.PSNR(shown, noise[:500]) > 9  # noise of colours, of which a quarter is stored
