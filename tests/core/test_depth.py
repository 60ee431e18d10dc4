"""Sixteen bits through a pipeline: every sample judged by tifffile or imagecodecs, and by OpenCV."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any, Literal

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from core import codecs
from core.codecs import EncodeOptions
from core.errors import DarkroomError
from core.estimate import estimate
from core.limits import Deadline
from core.output import Output
from core.pipeline import Pipeline
from core.process import Result, process
from core.registry import filters
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, pillow_file, shift
from tests.core.codecs.test_icc import rgb_profile

Samples = NDArray[np.uint16]
DEEP = EncodeOptions(depth="16")


def _samples(channels: int, width: int = 37, height: int = 23) -> Samples:
    """Grey, RGB or RGBA whose low bytes count."""
    made = np.random.default_rng(channels).integers(0, 65536, (height, width, channels), np.uint16)
    if channels == 4:
        made[:5, :, 3] = 65535
        made[5:9, :, 3] = 0
    return made


def _png(samples: Samples, *chunks: tuple[bytes, bytes]) -> bytes:
    """Written by hand: nobody's rounding is in it."""
    height, width, channels = samples.shape
    rows = samples.astype(">u2").tobytes()
    size = 2 * width * channels
    packed = zlib.compress(b"".join(b"\0" + rows[at : at + size] for at in range(0, len(rows), size)))
    head = struct.pack(">II5B", width, height, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in parts
    )


def _tiff(samples: Samples, **options: Any) -> bytes:
    file = io.BytesIO()
    usual: dict[str, Any] = {"photometric": "minisblack" if samples.shape[2] == 1 else "rgb"}
    usual |= {"extrasamples": ["unassalpha"]} if samples.shape[2] == 4 else {}
    tifffile.imwrite(file, np.squeeze(samples), **{**usual, **options})
    return file.getvalue()


def _pam(samples: Samples) -> bytes:
    height, width, channels = samples.shape
    kind = {1: "GRAYSCALE", 3: "RGB", 4: "RGB_ALPHA"}[channels]
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL 65535\nTUPLTYPE {kind}\nENDHDR\n"
    return head.encode() + samples.astype(">u2").tobytes()


SOURCES: dict[str, Callable[[Samples], bytes]] = {
    "png": _png,
    "tiff": _tiff,
    "tiff-big-endian": lambda samples: _tiff(samples, byteorder=">"),
    "tiff-planes": lambda samples: (
        _tiff(samples)
        if samples.shape[2] == 1
        else _tiff(samples.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    ),
    "tiff-white-is-zero": lambda samples: (
        _tiff(65535 - samples, photometric="miniswhite") if samples.shape[2] == 1 else _tiff(samples)
    ),
    "pam": _pam,
}
GEOMETRIES: dict[str, Callable[[Samples], Samples]] = {
    "": lambda samples: samples,
    "flip": lambda samples: samples[::-1],
    "flop": lambda samples: samples[:, ::-1],
    "rotate:90": lambda samples: np.rot90(samples, -1),
    "rotate:180,expand=false": lambda samples: samples[::-1, ::-1],
    "rotate:-90/flop": lambda samples: np.rot90(samples)[:, ::-1],
    "crop:11,9,x=5,y=7": lambda samples: samples[7:16, 5:16],
    "crop:50p,50p,gravity=southeast/flip": lambda samples: samples[-12:, -19:][::-1],
    "square": lambda samples: samples[:, 7:30],
}


def shown_twice() -> bytes:
    return codecs.encode(shift(made_picture(3), 2), "apng")


def _made(data: bytes, text: str, written: str, options: EncodeOptions = DEEP) -> Result:
    output = Output(pipeline=Pipeline.parse(text), format=written, options=options)
    return next(process(data, codecs.probe(data, LIMITS), [output], Context(LIMITS, Deadline(60))))


def _read(data: bytes, written: str) -> Samples:
    """The samples as a reader that is not OpenCV has them."""
    readers: dict[str, Callable[[bytes], Any]] = {
        "png": imagecodecs.png_decode,
        "jxl": imagecodecs.jpegxl_decode,
        "avif": imagecodecs.avif_decode,
        "tiff": lambda file: tifffile.imread(io.BytesIO(file)),
    }
    found = readers[written](data)
    return np.asarray(found) if found.ndim == 3 else np.asarray(found)[:, :, None]


def _by_opencv(data: bytes) -> Samples:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found.ndim == 2:
        return found[:, :, None]
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def _shown(samples: Samples) -> Samples:
    """What is under alpha 0 is written as 0."""
    return samples if samples.shape[2] < 4 else samples * (samples[:, :, 3:] > 0)


@pytest.mark.parametrize("written", ["png", "tiff"])
@pytest.mark.parametrize("text", GEOMETRIES)
@pytest.mark.parametrize("source", SOURCES)
def test_every_sample_survives(source: str, text: str, written: str) -> None:
    for channels in (1, 3, 4):
        samples = _samples(channels)
        if source == "tiff-planes" and channels == 4:
            continue
        data = _made(SOURCES[source](samples), text, written).data
        expected = _shown(GEOMETRIES[text](samples))
        for found in (_read(data, written), _by_opencv(data)):
            assert found.dtype == np.uint16
            assert np.array_equal(found, expected), f"{channels} channels"


@pytest.mark.parametrize("orientation", [3, 6])
def test_orientation_is_applied(orientation: int) -> None:
    samples = _samples(3)
    data = _made(_tiff(samples, extratags=[(274, 3, 1, orientation, True)]), "", "png").data
    assert np.array_equal(_read(data, "png"), {3: samples[::-1, ::-1], 6: np.rot90(samples, -1)}[orientation])


def test_a_transparent_grey_keeps_its_bits() -> None:
    samples = _samples(1)
    samples[3:6] = 4711
    data = _made(_png(samples, (b"tRNS", struct.pack(">H", 4711))), "flip", "png").data
    found = _read(data, "png")[::-1]
    assert np.array_equal(found[:, :, 3] == 0, samples[:, :, 0] == 4711)
    assert np.array_equal(found[6:, :, 0], samples[6:, :, 0])


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_are_spread(bits: int) -> None:
    values = (np.arange(24 * 16, dtype=np.uint32).reshape(16, 24) * 170 % (1 << bits)).astype(np.uint16)
    packed = np.unpackbits(values.astype(">u2").view(np.uint8).reshape(16, 24, 2), axis=2)[:, :, 16 - bits :]
    strip = np.packbits(packed.reshape(16, -1), axis=1).tobytes()
    fields = {256: 24, 257: 16, 258: bits, 259: 1, 262: 1, 273: 8, 277: 1, 278: 16, 279: len(strip)}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    file = b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(fields)) + directory + bytes(4)
    found = _read(_made(file, "", "png").data, "png")
    assert np.array_equal(found[:, :, 0], np.rint(values * (65535 / (2**bits - 1))).astype(np.uint16))


def test_associated_alpha_is_divided() -> None:
    samples = _samples(4)
    alpha = samples[:, :, 3:].astype(np.uint32)
    multiplied = samples.copy()
    multiplied[:, :, :3] = samples[:, :, :3] * alpha // 65535
    found = _read(_made(_tiff(multiplied, extrasamples=["assocalpha"]), "", "png").data, "png")
    assert np.array_equal(found[:, :, 3], samples[:, :, 3])
    exact = multiplied[:, :, :3] * 65535.0 / np.maximum(alpha, 1)
    off = np.abs(found[:, :, :3] - np.minimum(exact, 65535) * (alpha > 0))
    assert off.max() <= 0.505, "half a step, and what single precision rounds"


def test_eight_bits_are_spread() -> None:
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    data = _made(pillow_file("PNG", pixels), "flip", "tiff").data
    assert np.array_equal(_read(data, "tiff"), pixels[::-1, :, ::-1].astype(np.uint16) * 257)


def test_the_own_profile_stays_and_the_samples_too() -> None:
    samples, profile = _samples(3), rgb_profile()
    chunk = b"p3\0\0" + zlib.compress(profile)
    data = _made(_png(samples, (b"iCCP", chunk)), "flop", "png").data
    assert codecs.probe(data, LIMITS).icc == profile
    assert np.array_equal(_read(data, "png"), samples[:, ::-1])


PQ = (b"cICP", b"\x09\x10\0\1")
REFUSED: dict[str, tuple[bytes, str, dict[str, Any], str]] = {
    "blur": (_png(_samples(3)), "flip/blur:5", {}, "blur"),
    "resize": (_png(_samples(3)), "resize:10", {}, "resize"),
    "rotate-by-10": (_png(_samples(3)), "rotate:10", {}, "rotate"),
    "rotate-that-cuts": (_png(_samples(3)), "rotate:90,expand=false", {}, "rotate"),
    "crop-by-content": (_png(_samples(3)), "crop:10,10,gravity=smart", {}, "crop"),
    "square-that-scales": (_png(_samples(3)), "square:10", {}, "square"),
    "measure": (_png(_samples(3)), "palette", {}, "palette"),
    "conversion": (_png(_samples(3)), "flip", {"profile": "p3"}, "p3"),
    "pq": (_png(_samples(3), PQ), "flip", {}, "png"),
    "inks": (_tiff(_samples(4), photometric="separated", extrasamples=[]), "flip", {}, "depth"),
}


@pytest.mark.parametrize(("data", "text", "options", "word"), REFUSED.values(), ids=REFUSED.keys())
def test_what_computes_with_eight_bits_is_refused(data: bytes, text: str, options: dict[str, Any], word: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        _made(data, text, "png", EncodeOptions(depth="16", **options))
    assert (caught.value.status, caught.value.code) == (400, "bad_depth")
    assert word in f"{caught.value.detail} {caught.value.fields.get('got')}"


@pytest.mark.parametrize("written", ["png", "tiff"])
def test_cost_and_memory_are_doubled(written: Literal["png", "tiff"]) -> None:
    data = _png(_samples(3, 640, 480))
    origin = codecs.probe(data, LIMITS)
    one, two = (
        estimate([Output(pipeline=Pipeline.parse("flip"), format=written, options=options)], origin, _context())
        for options in (EncodeOptions(), DEEP)
    )
    assert 1.6 <= two.work / one.work <= 2.1
    assert 1.6 <= (two.memory - len(data)) / (one.memory - len(data)) <= 2.2


def _context() -> Context:
    return Context(LIMITS, Deadline(60))


def test_exact_steps_are_these() -> None:
    assert [name for name, known in filters().items() if known.exact] == ["crop", "flip", "flop", "rotate", "square"]


Depth = Literal["10", "12", "16"]
LOSSLESS = EncodeOptions(depth="16", lossless=True)


@pytest.mark.parametrize("text", GEOMETRIES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_jpeg_xl_that_loses_nothing_keeps_every_sample(channels: int, text: str) -> None:
    samples = _samples(channels)
    data = _made(_png(samples), text, "jxl", LOSSLESS).data
    expected = _shown(GEOMETRIES[text](samples))
    assert np.array_equal(_read(data, "jxl"), expected)
    assert codecs.probe(data, LIMITS).depth == 16
    assert np.array_equal(_read(_made(data, "", "png").data, "png"), expected), "and is read with them"


@pytest.mark.parametrize("depth", ["10", "12"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_avif_has_the_nearest_of_its_levels(channels: int, depth: Depth) -> None:
    samples = _samples(channels)
    options = EncodeOptions(depth=depth, lossless=True)
    found = _read(_made(_png(samples), "flip", "avif", options).data, "avif")
    expected = np.rint(_shown(samples[::-1]) * ((2 ** int(depth) - 1) / 65535))
    assert np.array_equal(found, np.broadcast_to(expected, found.shape))


def _ramp(width: int = 512, height: int = 64) -> Samples:
    """A slope of which eight bits have 13 steps."""
    across = np.linspace(20000, 23300, width)
    return np.stack([np.tile(across + 900 * place, (height, 1)) for place in range(3)], axis=2).astype(np.uint16)


@pytest.mark.parametrize(("written", "depth"), [("jxl", "16"), ("avif", "10"), ("avif", "12")])
def test_a_slope_has_more_steps_than_eight_bits_and_keeps_its_colours(written: str, depth: Depth) -> None:
    samples = _ramp()
    deep = _read(_made(_png(samples), "", written, EncodeOptions(depth=depth, quality=95)).data, written)
    shares = deep[8:-8, 8:-8] / (2.0 ** int(depth) - 1) - samples[8:-8, 8:-8] / 65535
    assert np.abs(shares).mean() < 0.3 / 255, "nearer than eight bits are"
    assert len(np.unique(deep[32, :, 1])) > 26


@pytest.mark.parametrize(("written", "depth"), [("jxl", "16"), ("avif", "10")])
def test_the_profile_stays_with_deep_samples(written: str, depth: Depth) -> None:
    profile = rgb_profile()
    source = _png(_samples(3), (b"iCCP", b"p3\0\0" + zlib.compress(profile)))
    made = _made(source, "flop", written, EncodeOptions(depth=depth, lossless=True)).data
    assert codecs.probe(made, LIMITS).icc == profile


@pytest.mark.parametrize(("written", "depth"), [("jxl", "16"), ("avif", "12")])
def test_what_is_hidden_darkens_no_edge(written: str, depth: Depth) -> None:
    samples = np.full((64, 64, 4), 50000, np.uint16)
    samples[:, :, 3] = 65535
    samples[:, 30:] = 0
    found = _read(_made(_png(samples), "", written, EncodeOptions(depth=depth, quality=70)).data, written)
    assert np.abs(found[:, :30, :3] / (2 ** int(depth) - 1) - 50000 / 65535).max() < 0.02


def test_linear_light_of_jpeg_xl_is_read_deep() -> None:
    light = np.linspace(0, 1, 4096).reshape(64, 64)
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    file = imagecodecs.jpegxl_encode(np.rint(light * 65535).astype(np.uint16), lossless=True)
    found = _read(_made(bytes(file), "", "png").data, "png")[:, :, 0]
    assert np.abs(found / 65535 - coded).max() < 1e-4


REFUSED_IN_AVIF: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "of full colour": (_png(_samples(3)), {"chroma": "444"}, "bad_parameter"),
    "animated": (shown_twice(), {}, "bad_depth"),
}


@pytest.mark.parametrize("name", REFUSED_IN_AVIF)
def test_what_a_deep_avif_is_not(name: str) -> None:
    data, options, code = REFUSED_IN_AVIF[name]
    with pytest.raises(DarkroomError) as caught:
        _made(data, "", "avif", EncodeOptions(depth="10", **options))
    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize(("name", "depth"), [("png", "10"), ("tiff", "12"), ("jxl", "10"), ("avif", "16")])
def test_a_depth_that_a_format_lacks_means_nothing(name: str, depth: Depth) -> None:
    data = _png(_samples(3))
    plain = _made(data, "blur:3", name, EncodeOptions()).data
    assert _made(data, "blur:3", name, EncodeOptions(depth=depth)).data == plain


@pytest.mark.parametrize("name", ["jpeg", "webp", "gif"])
def test_other_formats_stay_as_they_are(name: str) -> None:
    data = _png(_samples(3))
    assert _made(data, "blur:3", name).data == _made(data, "blur:3", name, EncodeOptions()).data
