"""Which kind of samples a PNG has: whatever others read of it, every pixel is there."""

import io
import struct

import cv2
import numpy as np
import pytest
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions
from core.codecs.icc import channels as channels_of_profile
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, picture, rgba, shown, written
from tests.core.codecs.test_icc import grey_profile, rgb_profile


def _greys(*levels: int, width: int = 61, height: int = 40) -> Pixels:
    places = np.random.default_rng(3).integers(0, len(levels), (height, width))
    places.ravel()[: len(levels)] = np.arange(len(levels))
    return np.array(levels, np.uint8)[places][:, :, None]


def _as(channels: int, pixels: Pixels, alpha: int = 255) -> Pixels:
    if channels == 1:
        return pixels
    merged = cv2.merge([pixels] * 3)
    return merged if channels == 3 else cv2.merge([merged, np.full(pixels.shape[:2], alpha, np.uint8)])


RAMP = np.arange(256, dtype=np.uint8)[None, :, None].repeat(40, axis=0)
KINDS = {
    "black and white": (_greys(0, 255), 0, 1),
    "all black": (_greys(0), 0, 1),
    "thirds": (_greys(0, 85, 170, 255), 0, 2),
    "fifteenths": (_greys(*range(0, 256, 17)), 0, 4),
    "two odd levels": (_greys(3, 200), 3, 1),
    "sixteen odd levels": (_greys(*range(1, 17)), 3, 4),
    "seventeen": (_greys(*range(1, 18)), 0, 8),
    "ramp": (RAMP, 0, 8),
}


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("pixels", "kind", "depth"), KINDS.values(), ids=KINDS)
def test_grey_takes_few_bits(pixels: Pixels, kind: int, depth: int, channels: int) -> None:
    file = written(_as(channels, pixels), "png")
    assert struct.unpack_from(">BB", file, 24) == (depth, kind)
    with Image.open(io.BytesIO(file)) as theirs:
        assert np.array_equal(np.asarray(theirs.convert("RGBA")), rgba(pixels))
    assert np.array_equal(rgba(first(file)), rgba(pixels))


def test_grey_with_alpha_has_two_channels() -> None:
    alpha = np.linspace(1, 255, 40).astype(np.uint8)[:, None].repeat(256, axis=1)
    pixels = cv2.merge([*cv2.split(_as(3, RAMP)), alpha])
    file = written(pixels, "png")
    assert file[25] == 4
    with Image.open(io.BytesIO(file)) as theirs:
        assert np.array_equal(np.asarray(theirs.convert("RGBA")), rgba(pixels))


def test_one_coloured_pixel_keeps_the_colours() -> None:
    pixels = np.ascontiguousarray(_as(3, RAMP.repeat(8, axis=0)))
    pixels[319, 255] = (255, 255, 254)
    file = written(pixels, "png")
    assert file[25] == 2
    assert np.array_equal(first(file), pixels)


def test_opaque_alpha_is_left_out() -> None:
    pixels = cv2.cvtColor(made_picture(3), cv2.COLOR_BGR2BGRA)
    assert written(pixels, "png") == written(made_picture(3), "png")


@pytest.mark.parametrize(
    ("pixels", "profile", "kind"),
    [(_greys(3, 200), grey_profile(), 0), (_as(3, _greys(3, 200)), rgb_profile(), 3), (_as(3, RAMP), rgb_profile(), 3)],
    ids=["grey", "few colours that are grey", "colours that are grey"],
)
def test_a_profile_keeps_what_it_is_of(pixels: Pixels, profile: bytes, kind: int) -> None:
    file = written(pixels, "png", EncodeOptions(keep=frozenset({"icc"})), icc=profile)
    assert file[25] == kind
    kept = codecs.probe(file, LIMITS).icc
    assert kept
    assert channels_of_profile(kept) == (1 if kind == 0 else 3)


# --- fewer colours --------------------------------------------------------------------------------------------------


def _smooth(channels: int) -> Pixels:
    """Slow ramps of every channel, which few colours hold badly without dithering."""
    down, across = np.mgrid[0:120, 0:160].astype(np.float32)
    planes = [across / 160, down / 120, (across + down) / 280, 0.2 + across / 200]
    return np.dstack([np.rint(255 * np.minimum(plane, 1)).astype(np.uint8) for plane in planes[:channels]])


@pytest.mark.parametrize("dither", [False, True], ids=["plain", "dithered"])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("count", [2, 3, 16, 100, 256])
def test_no_more_colours_than_asked(count: int, channels: int, *, dither: bool) -> None:
    file = written(_smooth(channels), "png", EncodeOptions(colors=count, dither=dither))
    shown_colors = np.unique(rgba(first(file)).reshape(-1, 4), axis=0)
    assert len(shown_colors) <= count
    assert len(shown_colors) > min(count, 160) / 3


@pytest.mark.parametrize("channels", [3, 4])
def test_dithering_keeps_the_tone_of_areas(channels: int) -> None:
    pixels = _smooth(channels)

    def off(*, dither: bool) -> float:
        got = rgba(first(written(pixels, "png", EncodeOptions(colors=16, dither=dither)))).astype(np.float32)
        blurred = [cv2.blur(one * (one[:, :, 3:] / 255), (15, 15)) for one in (got, rgba(pixels).astype(np.float32))]
        return float(np.abs(blurred[0] - blurred[1]).mean())

    assert off(dither=True) < 0.7 * off(dither=False)


def test_more_colours_are_nearer_than_those_of_pillow() -> None:
    pixels = made_picture(3, 300, 200)
    theirs = np.asarray(
        Image.fromarray(rgba(pixels)[:, :, :3]).quantize(64, method=Image.Quantize.MEDIANCUT).convert("RGB")
    )
    ours = rgba(first(written(pixels, "png", EncodeOptions(colors=64))))[:, :, :3]
    assert cv2.PSNR(ours, rgba(pixels)[:, :, :3]) > cv2.PSNR(theirs, rgba(pixels)[:, :, :3])


def test_few_colours_stay_exact() -> None:
    pixels = _as(3, _greys(3, 200))
    pixels[:, :30, 0] = 9
    assert np.array_equal(first(written(pixels, "png", EncodeOptions(colors=4))), pixels)


def test_what_is_transparent_stays_so() -> None:
    pixels = made_picture(4)
    got = first(written(pixels, "png", EncodeOptions(colors=8, dither=True)))
    assert not got[pixels[:, :, 3] == 0].any()
    assert (got[pixels[:, :, 3] == 255][:, 3] > 200).all()


def test_all_transparent_in_two_colours() -> None:
    assert not first(written(np.zeros((9, 9, 4), np.uint8), "png", EncodeOptions(colors=2))).any()


@pytest.mark.parametrize("quality", [20, 60, 80, 95])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_quality_bounds_the_error_or_nothing_is_lost(channels: int, quality: int) -> None:
    pixels = _smooth(channels)
    got = rgba(first(written(pixels, "png", EncodeOptions(quality=quality)))).astype(np.float32)
    kept = shown(pixels).astype(np.float32)
    weighed = [one * np.dstack([one[:, :, 3:] / 255] * 3 + [np.ones(one.shape[:2])]) for one in (got, kept)]
    squares = ((weighed[0] - weighed[1]) ** 2).sum(axis=2) / max(channels, 3)
    assert float(squares.mean()) ** 0.5 <= 1.1 * (100 - quality) / 4  # of all pixels; a sample was measured


def test_less_quality_is_smaller() -> None:
    pixels = cv2.GaussianBlur(made_picture(3), (5, 5), 0)
    sizes = [len(written(pixels, "png", EncodeOptions(quality=quality))) for quality in (100, 70, 30)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    assert sizes[0] == len(written(pixels, "png"))


def test_the_same_colours_every_time() -> None:
    files = {codecs.encode([picture(_smooth(3))], "png", EncodeOptions(colors=32, dither=True)) for _ in range(3)}
    assert len(files) == 1
