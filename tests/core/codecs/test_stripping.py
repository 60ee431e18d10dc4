"""An untouched picture is never larger than its file, and never brings along what the encoder leaves out."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from core import codecs
from core.codecs import EncodeOptions
from core.limits import Deadline
from core.output import Output
from core.picture import Pixels
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, pillow_animation, pillow_file, read, rgba, shift
from tests.core.codecs.test_icc import grey_profile, rgb_profile

SECRET = b"where I live"
XMP = b"http://ns.adobe.com/xap/1.0/\0" + SECRET
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x0d\0\0\0\x1a\0\0\0\0" + SECRET + b"\0"


def through(data: bytes, name: str, text: str = "", **options: Any) -> bytes:
    """What a request for this format answers."""
    output = Output(pipeline=Pipeline.parse(text), format=name, options=EncodeOptions(**options))
    (result,) = process(data, codecs.probe(data, LIMITS), [output], Context(LIMITS, Deadline(60)))
    return result.data


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _jpeg(**options: Any) -> bytes:
    return pillow_file("JPEG", quality=30, **options)


def _png() -> bytes:
    return pillow_file("PNG", np.tile(made_picture(3)[:8, :8], (8, 8, 1)), optimize=True)


def _webp(pixels: Pixels | None = None, **options: Any) -> bytes:
    return pillow_file("WEBP", pixels, **{"quality": 10, "method": 6, **options})


def _gif() -> bytes:
    return pillow_animation("GIF", shift(np.zeros((64, 96, 3), np.uint8), 4), comment=SECRET, loop=3)


FILES: dict[str, tuple[str, bytes]] = {
    "jpeg exif": ("jpeg", _jpeg(exif=EXIF)),
    "jpeg comment": ("jpeg", _jpeg(comment=SECRET)),
    "jpeg xmp and more": ("jpeg", _jpeg()[:2] + b"".join(_segment(m, XMP) for m in range(0xE1, 0xF0)) + _jpeg()[2:]),
    "jpeg behind the end": ("jpeg", _jpeg() + SECRET + _jpeg()),
    "jpeg progressive, between scans": (
        "jpeg",
        _jpeg(progressive=True).replace(b"\xff\xc4", _segment(0xFE, SECRET) + b"\xff\xc4"),
    ),
    "jpeg preview in jfif": ("jpeg", b"\xff\xd8" + _segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\2\2" + SECRET) + _jpeg()[20:]),
    "png text": ("png", _png()[:33] + _chunk(b"tEXt", b"a\0" + SECRET) + _png()[33:]),
    "png unknown": ("png", _png()[:-12] + _chunk(b"seCr", SECRET) + _png()[-12:]),
    "png behind the end": ("png", _png() + SECRET),
    "png exif": ("png", pillow_file("PNG", np.tile(made_picture(3)[:8, :8], (8, 8, 1)), optimize=True, exif=EXIF)),
    "webp exif": ("webp", _webp(exif=EXIF, xmp=SECRET)),
    "webp lossless": ("webp", _webp(np.zeros((64, 96, 3), np.uint8), lossless=True, xmp=SECRET)),
    "webp behind the end": ("webp", _webp() + SECRET),
    "webp animated": ("webp", pillow_animation("WEBP", shift(made_picture(3), 3), quality=5, xmp=SECRET)),
    "gif": ("gif", _gif()),
    "gif behind the end": ("gif", _gif() + SECRET),
    "gif application": ("gif", _gif()[:-1] + b"\x21\xff\x0bXMP DataXMP\x0c" + SECRET + b"\0;"),
}


@pytest.mark.parametrize(("name", "data"), FILES.values(), ids=FILES)
def test_the_picture_stays_and_nothing_else_does(name: str, data: bytes) -> None:
    assert SECRET in data, "or the test proves nothing"
    origin = codecs.probe(data, LIMITS)
    file = codecs.stripped(data, origin)
    assert file is not None
    assert SECRET not in file
    before, after = read(data), read(file)
    assert [frame.origin.duration for frame in before] == [frame.origin.duration for frame in after]
    assert codecs.probe(file, LIMITS).loop == origin.loop
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(before, after, strict=True))
    with Image.open(io.BytesIO(file)) as theirs, Image.open(io.BytesIO(data)) as source:
        assert not theirs.getexif()
        assert not {"comment", "exif", "xmp", "icc_profile"} & theirs.info.keys()
        assert np.array_equal(np.asarray(theirs.convert("RGBA")), np.asarray(source.convert("RGBA")))
    answer = through(data, name)
    assert SECRET not in answer
    assert len(answer) <= len(file)


def test_never_larger_and_still_smaller_where_encoding_helps() -> None:
    poor = _jpeg()
    rich = pillow_file("JPEG", quality=100)
    assert len(through(poor, "jpeg")) <= len(poor)
    assert np.array_equal(first(through(poor, "jpeg")), first(poor))
    assert len(through(rich, "jpeg")) < 0.8 * len(rich)


TOUCHED: dict[str, dict[str, Any]] = {
    "a step": {"text": "sepia"},
    "a quality": {"quality": 85},
    "an effort": {"effort": 3},
    "a background": {"background": codecs.EncodeOptions().background, "progressive": True},
}


@pytest.mark.parametrize("asked", TOUCHED.values(), ids=TOUCHED)
def test_what_is_asked_for_is_encoded(asked: dict[str, Any]) -> None:
    data = _jpeg()
    origin = codecs.probe(data, LIMITS)
    output = Output(
        pipeline=Pipeline.parse(asked.get("text", "")),
        format="jpeg",
        options=EncodeOptions(**{name: value for name, value in asked.items() if name != "text"}),
    )
    assert not output.leaves(origin)
    assert Output(pipeline=Pipeline.parse("palette/blurhash"), format="jpeg").leaves(origin)
    assert not Output(pipeline=Pipeline(), format="webp").leaves(origin)


def _turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return _jpeg(exif=exif.tobytes())


KEPT_AWAY: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "turned by exif": ("jpeg", _turned(), {}),
    "another colour space": ("jpeg", _jpeg(icc_profile=rgb_profile()), {}),
    "exif is wanted": ("jpeg", _jpeg(exif=EXIF), {"keep": frozenset({"exif"})}),
    "profile is wanted": ("jpeg", _jpeg(icc_profile=rgb_profile()), {"keep": frozenset({"icc"})}),
    "gamma of its own": ("png", _png()[:33] + _chunk(b"gAMA", struct.pack(">I", 100_000)) + _png()[33:], {}),
    "a grey of its own": ("png", pillow_file("PNG", mode="L", icc_profile=grey_profile()), {}),
    "animated with alpha": ("webp", pillow_animation("WEBP", shift(made_picture(4), 3), quality=5), {}),
}


@pytest.mark.parametrize(("name", "data", "options"), KEPT_AWAY.values(), ids=KEPT_AWAY)
def test_what_has_to_be_encoded(name: str, data: bytes, options: dict[str, Any]) -> None:
    assert not codecs.can_strip(codecs.probe(data, LIMITS), name, EncodeOptions(**options))


def test_an_srgb_profile_goes() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = _jpeg(icc_profile=profile)
    assert codecs.can_strip(codecs.probe(data, LIMITS), "jpeg", EncodeOptions())
    assert profile[:64] not in through(data, "jpeg")


def test_colours_under_alpha_0_do_not_come_back() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:16] = (10, 20, 30, 255)
    pixels[16:, :, :3] = np.frombuffer(SECRET * 200, np.uint8)[: 16 * 32 * 3].reshape(16, 32, 3)
    data = pillow_file("PNG", pixels)
    assert codecs.stripped(data, codecs.probe(data, LIMITS)) is None
    assert not first(through(data, "png"))[16:].any()


HIDING: dict[str, Callable[[], bytes]] = {
    "behind the stream of a png": lambda: _rewritten(lambda packed: packed + SECRET),
    "behind the rows of a png": lambda: _rewritten(lambda packed: zlib.compress(zlib.decompress(packed) + SECRET)),
    "in the coded data of a jpeg": lambda: _jpeg()[:-2] + SECRET + b"\xff\xd9",
    "inks": lambda: pillow_file("JPEG", mode="CMYK"),
}


def _rewritten(change: Callable[[bytes], bytes]) -> bytes:
    data = _png()
    place = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, place - 4)
    packed = data[place + 4 : place + 4 + length]
    return data[: place - 4] + _chunk(b"IDAT", change(packed)) + data[place + 8 + length :]


@pytest.mark.parametrize("make", HIDING.values(), ids=HIDING)
def test_what_might_hide_something_is_encoded(make: Callable[[], bytes]) -> None:
    data = make()
    assert codecs.stripped(data, codecs.probe(data, LIMITS)) is None
    answer = through(data, codecs.probe(data, LIMITS).format)
    assert SECRET not in answer
    assert SECRET not in zlib.decompress(answer[answer.index(b"IDAT") + 4 :]) if b"IDAT" in answer else True


def test_a_loop_of_a_gif_stays() -> None:
    assert codecs.probe(through(_gif(), "gif"), LIMITS).loop == codecs.probe(_gif(), LIMITS).loop == 4


def test_camera_files_lose_everything(data: Path) -> None:
    """Real files, with cameras, places, previews: whichever comes back, another reader finds nothing in it."""
    files = sorted((data / "exif").glob("*.jpg"))
    assert files
    for path in files:
        source = path.read_bytes()
        answer = through(source, "jpeg")
        with Image.open(io.BytesIO(answer)) as theirs:
            assert not theirs.getexif(), path.name
            assert not {"comment", "xmp", "icc_profile", "mp", "photoshop"} & theirs.info.keys(), path.name
        assert answer.endswith(b"\xff\xd9")
        assert rgba(first(answer)).shape == rgba(first(source)).shape


def test_pillow_writes_text_that_is_gone() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_itxt("Description", SECRET.decode())
    data = pillow_file("PNG", np.tile(made_picture(3)[:8, :8], (8, 8, 1)), optimize=True, pnginfo=told)
    with Image.open(io.BytesIO(through(data, "png"))) as theirs:
        assert not theirs.text
