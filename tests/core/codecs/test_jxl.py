from ctypes import byref, c_int, c_size_t, c_void_p
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from core import codecs
from core.codecs import EncodeOptions, encode, exif, libjxl
from core.errors import DarkroomError, TooMuchWorkError
from core.imaging.alpha import premultiplied
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, decibels, first, picture, read, rgba, shown, written
from tests.core.codecs.test_exif import KEEP, sample
from tests.core.codecs.test_icc import rgb_profile

D65, BT_709, BT_2020, P3 = 1, 1, 9, 11
LINEAR, SRGB, PQ, HLG = 8, 13, 16, 18


class Layer:
    """A frame as libjxl's encoder takes it: pixels in RGB(A) or grey, what it replaces, and for how long."""

    def __init__(self, pixels: NDArray[Any], duration: int = 0, x: int = 0, y: int = 0) -> None:
        self.pixels, self.duration, self.x, self.y = np.ascontiguousarray(pixels), duration, x, y


def made(
    *layers: Layer,
    colour: tuple[int, int] = (BT_709, SRGB),
    ticks: tuple[int, int] | None = None,
    size: Size | None = None,
    **fields: int,
) -> bytes:
    """A lossless file with the fields of its JxlBasicInfo as they are given."""
    height, width, channels = layers[0].pixels.shape
    info, encoding = libjxl.BasicInfo(), libjxl.ColourEncoding()
    library = libjxl.library()
    library.JxlEncoderInitBasicInfo(byref(info))
    library.JxlColorEncodingSetToSRGB(byref(encoding), c_int(channels < 3))
    info.width, info.height = size or (width, height)
    info.bits, info.colour_channels = layers[0].pixels.itemsize * 8, 1 if channels < 3 else 3
    info.extra_channels, info.alpha_bits = (1, info.bits) if channels in {2, 4} else (0, 0)
    info.uses_original_profile = 1
    if ticks:
        info.have_animation, info.ticks, info.ticks_below = 1, *ticks
    for name, value in fields.items():
        setattr(info, name, value)
    encoding.primaries, encoding.transfer = colour
    with libjxl.Encoder() as encoder:
        encoder.call("SetBasicInfo", byref(info))
        encoder.call("SetColorEncoding", byref(encoding))
        if info.alpha_premultiplied:
            alpha = libjxl.ExtraChannel()
            library.JxlEncoderInitExtraChannelInfo(c_int(0), byref(alpha))
            alpha.alpha_premultiplied = 1
            encoder.call("SetExtraChannelInfo", c_size_t(0), byref(alpha))
        for layer in layers:
            _add(encoder, layer, slot=int(ticks is not None), whole=(info.width, info.height))
        encoder.status("CloseInput")
        return b"".join(encoder.take())


def _add(encoder: libjxl.Encoder, layer: Layer, *, slot: int, whole: tuple[int, int]) -> None:
    height, width, channels = layer.pixels.shape
    settings = encoder.settings(1)
    encoder.frame("SetFrameLossless", settings, c_int(1))
    header = libjxl.FrameHeader()
    libjxl.library().JxlEncoderInitFrameHeader(byref(header))
    header.duration, header.save_as_reference, header.blend_source = layer.duration, slot, slot
    if (width, height) != whole:
        header.have_crop, header.x, header.y, header.width, header.height = 1, layer.x, layer.y, width, height
    encoder.frame("SetFrameHeader", settings, byref(header))
    kind = libjxl.PixelFormat(channels, libjxl.UINT8 if layer.pixels.itemsize == 1 else libjxl.UINT16, 0, 0)
    place, nbytes = c_void_p(layer.pixels.ctypes.data), c_size_t(layer.pixels.nbytes)
    encoder.frame("AddImageFrame", settings, byref(kind), place, nbytes)


def rgb(channels: int = 3) -> NDArray[np.uint8]:
    return cv2.cvtColor(made_picture(channels), cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGBA)


SIZES = [(1, 1), (7, 3), (256, 256), (257, 100), (1000, 1), (2049, 30)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sizes(size: tuple[int, int], channels: int) -> None:
    pixels = made_picture(channels, *size)
    origin = codecs.probe(written(pixels, "jxl"), LIMITS)
    assert (origin.size, origin.channels, origin.depth) == (Size(*size), channels, 8)
    assert np.array_equal(rgba(first(written(pixels, "jxl", EncodeOptions(lossless=True)))), shown(pixels))


@pytest.mark.parametrize("effort", range(11))
def test_every_effort_is_exact_where_nothing_is_lost(effort: int) -> None:
    file = written(made_picture(3), "jxl", EncodeOptions(lossless=True, effort=effort))
    assert np.array_equal(first(file), made_picture(3))


def test_another_encoder_is_read_alike() -> None:
    for channels in (1, 3, 4):
        pixels = rgb(channels) if channels > 1 else made_picture(1)
        file = imagecodecs.jpegxl_encode(pixels.squeeze(), lossless=True)
        assert np.array_equal(rgba(first(file)), rgba(made_picture(channels)))


def test_grey_with_alpha() -> None:
    pixels = np.dstack([made_picture(1)[:, :, 0], made_picture(4)[:, :, 3]])
    got = first(made(Layer(pixels)))
    assert np.array_equal(got[:, :, 0], pixels[:, :, 0])
    assert np.array_equal(got[:, :, 3], pixels[:, :, 1])


def test_sixteen_bits() -> None:
    deep = np.random.default_rng(3).integers(0, 65536, (40, 50, 3)).astype(np.uint16)
    file = made(Layer(deep))
    assert codecs.probe(file, LIMITS).depth == 16
    assert np.abs(first(file)[:, :, ::-1].astype(int) - np.rint(deep / 257).astype(int)).max() <= 1


def test_multiplied_alpha_is_divided() -> None:
    straight = rgb(4)
    straight[:, :, 3] = np.maximum(straight[:, :, 3], 128)
    file = made(Layer(rgba(premultiplied(cv2.cvtColor(straight, cv2.COLOR_RGBA2BGRA)))), alpha_premultiplied=1)
    assert decibels(rgba(first(file)), straight) > 45


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_is_the_codestreams(turn: int) -> None:
    """Source: ISO/IEC 18181-1, D.3.2, the values of EXIF."""
    stored = made_picture(3)
    file = made(Layer(rgb()), orientation=turn)
    expected = {
        1: stored, 2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1], 5: stored.transpose(1, 0, 2),
        6: np.rot90(stored, -1), 7: stored[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(stored),
    }[turn]  # fmt: skip
    origin = codecs.probe(file, LIMITS)
    assert origin.size == Size(expected.shape[1], expected.shape[0])
    assert origin.orientation == 1
    assert np.array_equal(first(file), expected)


def _encoded(light: NDArray[Any]) -> NDArray[Any]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def _light(code: NDArray[Any]) -> NDArray[Any]:
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


P3_TO_SRGB = np.array([[1.2249, -0.2249, 0], [-0.0420, 1.0420, 0], [-0.0197, -0.0786, 1.0983]])


def test_display_p3_by_numbers() -> None:
    soft = cv2.GaussianBlur(rgb() // 2 + 50, (9, 9), 0)
    expected = _encoded(np.clip(_light(soft / 255) @ P3_TO_SRGB.T, 0, 1)) * 255
    got = first(made(Layer(soft), colour=(P3, SRGB)))[:, :, ::-1]
    assert np.abs(got - expected).max() <= 2


def test_linear_light_keeps_its_darks() -> None:
    light = np.repeat(_light(np.arange(256) / 255)[None, :, None], 3, axis=2)
    file = made(Layer(np.rint(light * 65535).astype(np.uint16)), colour=(BT_709, LINEAR))
    assert codecs.probe(file, LIMITS).icc is None
    assert np.array_equal(first(file)[0, :, 1], np.arange(256))


@pytest.mark.parametrize(("transfer", "code"), [(PQ, 148), (HLG, 191)])
def test_hdr_is_mapped(transfer: int, code: int) -> None:
    """A grey at the reference white of BT.2408 (58 % of PQ, 75 % of HLG) is bright, and not white."""
    file = made(Layer(np.full((9, 9, 3), code, np.uint8)), colour=(BT_2020, transfer))
    assert codecs.probe(file, LIMITS).hdr == (9, transfer)
    assert 190 < first(file)[4, 4, 1] < 250


@pytest.mark.parametrize("lossless", [True, False])
def test_a_profile_is_kept_or_applied(lossless: bool) -> None:
    soft = cv2.GaussianBlur(made_picture(3), (9, 9), 0)
    options = EncodeOptions(lossless=lossless, keep=frozenset({"icc"}), quality=None if lossless else 95)
    file = written(soft, "jxl", options, icc=rgb_profile())
    origin = codecs.probe(file, LIMITS)
    assert origin.icc is not None
    if lossless:
        assert origin.icc == rgb_profile()
        assert np.array_equal(first(file, colours="keep"), soft)
    as_png = written(soft, "png", EncodeOptions(keep=frozenset({"icc"})), icc=rgb_profile())
    assert decibels(rgba(first(file)), rgba(first(as_png))) > 36


@pytest.mark.parametrize("compressed", [False, True])
def test_exif_is_read(compressed: bool) -> None:
    file = encode([picture(made_picture(3, 40, 30), exif=sample())], "jxl", KEEP)
    if compressed:
        place = file.index(b"Exif") - 4
        length = int.from_bytes(file[place : place + 4], "big")
        content = b"Exif" + imagecodecs.brotli_encode(file[place + 8 : place + length])
        box = (len(content) + 8).to_bytes(4, "big") + b"brob" + content
        file = file[:place] + box + file[place + length :]
    assert exif.tags(codecs.probe(file, LIMITS).exif or b"")["Make"] == "Maker"
    assert np.array_equal(first(file), first(written(made_picture(3, 40, 30), "jxl")))


def test_layers_that_are_shown_for_no_time_are_one_picture() -> None:
    below, above = rgb(), np.full((20, 30, 3), 200, np.uint8)
    file = made(Layer(below), Layer(above, x=11, y=7))
    expected = below.copy()
    expected[7:27, 11:41] = above
    assert codecs.probe(file, LIMITS).frames == 1
    assert np.array_equal(first(file)[:, :, ::-1], expected)


def test_layers_of_an_animation() -> None:
    below, above = rgb(), np.full((20, 30, 3), 200, np.uint8)
    file = made(Layer(below, 3), Layer(above), Layer(above // 2, 4, x=40, y=9), ticks=(100, 1))
    frames = read(file)
    assert codecs.probe(file, LIMITS).frames == len(frames) == 2
    assert [frame.origin.duration for frame in frames] == [30, 40]


def test_durations_do_not_drift() -> None:
    """A third of a second at 30000/1001 frames a second."""
    frames = read(made(*(Layer(rgb()[:, number:], 1) for number in [0] * 10), ticks=(30000, 1001)))
    ends = np.cumsum([frame.origin.duration for frame in frames])
    assert np.abs(ends - np.arange(1, 11) * 1001 / 30).max() <= 0.5


def test_frames_that_do_not_change_are_small() -> None:
    one, three = (encode([picture(made_picture(3), duration=30)] * count, "jxl") for count in (1, 3))
    assert len(read(three)) == 3
    assert len(three) < 1.5 * len(one)


def test_layers_count_as_what_they_take() -> None:
    """Fifty layers of one picture are as much work as fifty pictures."""
    file = made(*(Layer(rgb()) for _ in range(50)))
    one = codecs.decoding(codecs.probe(made(Layer(rgb())), LIMITS))
    found = codecs.decoding(codecs.probe(file, LIMITS))
    assert found.work > 20 * one.work


def test_too_many_layers() -> None:
    file = made(*(Layer(np.zeros((1, 1, 3), np.uint8)) for _ in range(3000)), size=Size(8, 8))
    with pytest.raises(TooMuchWorkError):
        codecs.probe(file, LIMITS)


def test_what_asks_for_far_more_than_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(made_picture(3, 600, 400), "jxl")
    monkeypatch.setattr("core.codecs.jxl._FOR_ANY", 1000)
    monkeypatch.setattr("core.codecs.jxl._FOR_PIXEL", 1)
    with pytest.raises(TooMuchWorkError):
        first(file)


def test_a_giant_is_refused_by_its_header() -> None:
    file = made(Layer(np.zeros((1, 1, 3), np.uint8), 1), ticks=(100, 1), size=Size(60_000, 60_000))
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(file, LIMITS)
    assert caught.value.code == "too_many_pixels"
