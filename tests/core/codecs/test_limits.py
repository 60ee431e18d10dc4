import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import codecs
from core.codecs import png
from core.errors import DarkroomError, EmptyPictureError, TooManyFramesError
from core.limits import Deadline, Limits
from core.output import Output
from core.picture import Size
from core.pipeline import Pipeline
from core.process import process
from core.run import Context
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, pillow_animation, pillow_file, shift


def _png(width: int, height: int) -> bytes:
    return png.SIGNATURE + png._pack(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def _jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9) + b"\xff\xd9"


def _gif(width: int, height: int) -> bytes:
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, width, height, 0) + b"\2\1\0\0"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + frame + b";"


def _webp(width: int, height: int) -> bytes:
    extended = bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    frame = b"VP8L" + struct.pack("<IBI", 5, 0x2F, 0) + b"\0"
    content = b"WEBPVP8X" + struct.pack("<I", 10) + extended + frame
    return b"RIFF" + struct.pack("<I", len(content)) + content


def _bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHH", 54, 0, 0, 54, 40, width, -height, 1, 24) + bytes(24)


def _pnm(width: int, height: int) -> bytes:
    return b"P6\n%d %d\n255\n" % (width, height)


def _tiff(width: int, height: int) -> bytes:
    entries = [(256, width), (257, height), (262, 2), (277, 3)]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4)


def _ico(width: int, height: int) -> bytes:
    inner = _png(width, height)
    return b"\0\0\1\0\1\0" + bytes(8) + struct.pack("<II", len(inner), 22) + inner


def _avif(width: int, height: int) -> bytes:
    file = pillow_file("AVIF", made_picture(3, 16, 16))
    place = file.index(b"ispe") + 8
    return file[:place] + struct.pack(">II", width, height) + file[place + 8 :]


HEADERS: dict[str, Callable[[int, int], bytes]] = {
    "png": _png,
    "jpeg": _jpeg,
    "gif": _gif,
    "webp": _webp,
    "bmp": _bmp,
    "pnm": _pnm,
    "tiff": _tiff,
    "ico": _ico,
    "avif": _avif,
}


def _code(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(data, limits)
    return caught.value.code


@pytest.mark.parametrize("name", HEADERS)
def test_probe_reads_the_size(name: str) -> None:
    assert codecs.probe(HEADERS[name](30, 20), LIMITS).size == Size(30, 20)
    assert codecs.probe(HEADERS[name](30, 20), LIMITS).format == name


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("size", [(16000, 16000), (16385, 1), (1, 16385)], ids=["area", "width", "height"])
def test_too_large_is_refused_by_the_header_alone(name: str, size: tuple[int, int]) -> None:
    data = HEADERS[name](*size)
    tracemalloc.start()
    assert _code(data) == "too_many_pixels"
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "webp"])
def test_no_width_is_damage(name: str) -> None:
    assert _code(HEADERS[name](0, 20)) == "damaged_image"


def test_no_bytes() -> None:
    with pytest.raises(EmptyPictureError) as caught:
        codecs.probe(b"", LIMITS)
    assert (caught.value.status, caught.value.code) == (400, "empty_body")


def test_too_many_bytes() -> None:
    data = pillow_file("PNG")
    assert _code(data, Limits(body_bytes=len(data) - 1)) == "too_many_bytes"
    codecs.probe(data, Limits(body_bytes=len(data)))


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP"])
def test_too_many_frames(name: str) -> None:
    data = pillow_animation(name, shift(made_picture(3), 5))
    origin = codecs.probe(data, Limits(frames=1, frame_pixels=1))
    codecs.refuse_long(origin, Limits(frames=5, frame_pixels=5 * 96 * 64))
    for limits in (Limits(frames=4), Limits(frame_pixels=5 * 96 * 64 - 1)):
        with pytest.raises(TooManyFramesError):
            codecs.refuse_long(origin, limits)


def test_one_frame_is_no_matter_of_frame_pixels() -> None:
    codecs.refuse_long(codecs.probe(pillow_file("PNG"), LIMITS), Limits(frame_pixels=1))


@pytest.mark.parametrize(
    ("pipeline", "written", "image", "frames"),
    [("", "png", True, 0), ("resize:4", "jpeg", True, 0), ("palette", "png", False, 0), ("", "webp", True, 413)],
)
def test_a_still_of_a_long_animation_is_no_matter_of_frames(
    pipeline: str, written: str, image: bool, frames: int
) -> None:
    data = pillow_animation("GIF", shift(made_picture(3), 5))
    wanted = Output(pipeline=Pipeline.parse(pipeline), format=written, image=image)
    limits = Limits(frames=4)
    status = 0
    try:
        assert next(process(data, codecs.probe(data, limits), [wanted], Context(limits, Deadline(60))))
    except TooManyFramesError as error:
        status = error.status
    assert status == frames


@pytest.mark.parametrize("name", ["AVIF", "HEIC"])
def test_a_container_that_lies_about_its_stream(name: str, data: Path) -> None:
    """Sixteen pixels on the label, many in the bitstream, which is what decoders allocate."""
    if name == "AVIF":
        file = pillow_file("AVIF", made_picture(3, 600, 400))
    else:
        file = (data / "formats/heic/example.heic").read_bytes()
    place = file.index(b"ispe") + 8
    while (found := file.find(b"ispe", place)) > 0:
        file = file[:place] + struct.pack(">II", 16, 16) + file[place + 8 :]
        place = found + 8
    file = file[:place] + struct.pack(">II", 16, 16) + file[place + 8 :]
    assert _code(file, Limits(side=500)) == "too_many_pixels"


def test_a_progressive_jpeg_of_many_passes() -> None:
    file = pillow_file("JPEG", np.zeros((4000, 4000, 1), np.uint8), progressive=True)
    scan = file.rindex(b"\xff\xda")
    bomb = file[:-2] + file[scan:-2] * 40 + b"\xff\xd9"
    with pytest.raises(DarkroomError) as caught:
        next(codecs.decode(bomb, codecs.probe(bomb, LIMITS), limits=LIMITS))
    assert caught.value.code == "too_much_work"
