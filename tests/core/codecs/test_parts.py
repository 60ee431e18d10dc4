"""Files of far too many parts are refused by name; files that only look like them are read."""

import struct
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from core import codecs
from core.errors import DamagedImageError, DarkroomError, TooMuchWorkError
from core.picture import Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, first, picture, pillow_animation, pillow_file, read, written
from tests.hostile.containers import PICTURES

SIZE = 400_000

TOO_MANY = [
    "jpeg-scans", "jpeg-scans-without-an-end", "jpeg-scans-of-255-components", "jpeg-empty-segments-first",
    "jpeg-empty-segments-after-the-frame", "jpeg-empty-segments-between-scans", "png-unknown-chunks",
    "png-empty-data", "png-tables", "png-texts", "apng-controls", "apng-empty-data", "gif-small-sub-blocks",
    "gif-sub-blocks-of-seven", "gif-sub-blocks-of-a-comment", "gif-comments", "gif-empty-extensions", "gif-controls",
    "gif-frames", "webp-unknown-chunks", "webp-metadata", "webp-empty-frames", "heif-boxes", "heif-boxes-in-meta",
    "heif-properties", "heif-items", "heif-tables", "tiff-strips", "pnm-comments",
]  # fmt: skip


@pytest.mark.parametrize("name", TOO_MANY)
def test_far_too_many_parts(name: str) -> None:
    with pytest.raises(TooMuchWorkError):
        read(PICTURES[name](SIZE))


DAMAGED = ["heif-units", "heif-nal-units", "tiff-strips-that-overlap", "ico-runs", "bmp-runs-over-the-edge"]


@pytest.mark.parametrize("name", DAMAGED)
def test_what_no_encoder_writes(name: str) -> None:
    with pytest.raises(DamagedImageError):
        read(PICTURES[name](SIZE))


READ = [
    "jpeg-scans-in-a-segment", "jpeg-fill-bytes", "jpeg-stuffed-bytes", "jpeg-restarts", "jpeg-exif-entries",
    "jpeg-tail", "png-packed-texts", "png-packed-profile", "png-tail", "apng-packed-texts", "gif-zeros-behind",
    "gif-zeros-first", "gif-tail", "gif-256-frames-and-comments", "tiff-entries-that-claim-the-file",
    "tiff-a-ring-of-directories", "tiff-a-profile", "ico-entries", "pnm-more-numbers", "pnm-spaces", "pnm-bits",
]  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_whole_pictures_with_much_beside_them_are_read(name: str) -> None:
    assert read(PICTURES[name](SIZE))


def test_every_family_ends_in_a_picture_or_in_an_error_of_ours() -> None:
    for make in PICTURES.values():
        try:
            assert read(make(3000))
        except DarkroomError as error:
            assert 400 <= error.status < 500


# --- what must be read as before ---


def _progressive(width: int, height: int) -> bytes:
    pixels = made_picture(3, width, height)
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1])


def test_markers_in_what_is_no_scan_are_no_scans() -> None:
    """A film behind the picture, or a preview before it, holds such bytes by chance."""
    file = _progressive(1200, 900)
    with_both = file[:2] + b"\xff\xe5\xff\xff" + (b"\xff\xda\0" * 21845)[:65533] + file[2:] + b"\xff\xda\0\x0c" * 4000
    assert np.array_equal(first(with_both), first(file))


def test_restart_markers_are_no_segments() -> None:
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_RST_INTERVAL, 1]
    file = bytes(cv2.imencode(".jpg", made_picture(3, 900, 700), options)[1])
    assert file.count(b"\xff\xd0") > 1000
    assert first(file).shape == (700, 900, 3)


@pytest.mark.parametrize("kind", ["comment", "small-blocks"])
def test_a_gif_is_rewritten_without_a_change(kind: str) -> None:
    frames = [picture(made_picture(3, 60, 40) // shade, duration=80) for shade in (1, 2, 3)]
    file = pillow_animation("GIF", frames, duration=80, comment=b"c" * 700 if kind == "comment" else b"")
    changed = _in_small_sub_blocks(file) if kind == "small-blocks" else file
    whole = read(pillow_animation("GIF", frames, duration=80))
    assert [frame.origin.duration for frame in read(changed)] == [80, 80, 80]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(read(changed), whole, strict=True))


def _in_small_sub_blocks(file: bytes) -> bytes:
    """A GIF whose pictures come in sub-blocks of 40 bytes."""
    from core.codecs.gif_blocks import blocks

    made, place = bytearray(), 0
    for block in blocks(file):
        made += file[place : block.content]
        content, at = bytearray(), block.content
        while size := file[at]:
            content += file[at + 1 : at + 1 + size]
            at += size + 1
        for start in range(0, len(content), 40):
            part = content[start : start + 40]
            made += bytes((len(part),)) + part
        made += b"\0"
        place = block.end
    return bytes(made) + file[place:]


@pytest.mark.parametrize(
    ("duration", "loop"), [(655_360, 1), (10**9, 0), (80, 65_537), (80, 2**31)], ids=["delay", "days", "plays", "many"]
)
def test_a_gif_holds_no_longer_delay_and_no_more_plays(duration: int, loop: int) -> None:
    frames = [picture(made_picture(3, 8, 8) // shade, duration=duration, loop=loop) for shade in (1, 2)]
    shown = read(codecs.encode(frames, "gif", codecs.EncodeOptions()))
    assert [frame.origin.duration for frame in shown] == [min(duration, 655_350)] * 2
    assert shown[0].origin.loop == min(loop, 65_536)


def test_a_png_may_be_followed_by_anything() -> None:
    file = written(made_picture(3), "png")
    assert np.array_equal(first(file + bytes(10**6)), first(file))


def test_a_profile_that_is_packed_as_usual_is_kept() -> None:
    file = pillow_file("PNG", icc_profile=_profile(900_000))
    assert len(codecs.probe(file, LIMITS).icc or b"") == 900_000


def _profile(length: int) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, length, np.uint8).tobytes()
    return struct.pack(">I4sI4s4s4s", length, b"lcms", 0x04300000, b"mntr", b"RGB ", b"XYZ ") + (
        noise[24:36] + b"acsp" + noise[40:]
    )


def _deep(pixels: Pixels) -> bytes:
    return bytes(cv2.imencode(".tiff", pixels.astype(np.uint16) * 257)[1])


@pytest.mark.parametrize("make", [lambda p: written(p, "tiff"), _deep], ids=["pillow", "opencv"])
def test_a_tiff_with_strange_tags_beside_its_layout(make: Callable[[Pixels], bytes]) -> None:
    """The tags claim the file, the next directory is this one: decoders are shown neither."""
    file = make(made_picture(3))
    (offset,) = struct.unpack_from("<I", file, 4)
    (count,) = struct.unpack_from("<H", file, offset)
    entries = file[offset + 2 : offset + 2 + 12 * count]
    strange = b"".join(struct.pack("<HHII", tag, 7, len(file), 0) for tag in range(40_000, 40_150))
    start = len(file)
    directory = struct.pack("<H", count + 150) + entries + strange + struct.pack("<I", start)
    assert np.array_equal(first(file[:4] + struct.pack("<I", start) + file[8:] + directory), first(file))


def test_numbers_longer_than_a_band() -> None:
    pixels = made_picture(3, 700, 400)
    text = b"P3 700 400 255\n" + b" ".join(b"%d" % value for value in pixels[:, :, ::-1].ravel().tolist())
    assert len(text) > 2 << 20
    assert np.array_equal(first(text), pixels)


def test_planes_that_are_not_all_there_are_damage() -> None:
    """OpenCV 5.0 gives other pixels each time it reads them."""
    deep, place = np.zeros((3, 4, 5), "<u2"), 200
    tags = [(256, 5), (257, 4), (258, 16), (259, 1), (262, 2), (273, place), (277, 3), (278, 4), (279, 40), (284, 2)]
    entries = b"".join(struct.pack("<HHII", tag, 4 if tag in {273, 279} else 3, 1, value) for tag, value in tags)
    file = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4)
    with pytest.raises(DamagedImageError, match="plane"):
        first(file.ljust(place, b"\0") + deep.tobytes())
