import io
import struct
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms

from core import codecs
from core.codecs import EncodeOptions
from core.codecs.jpeg_segments import segment_bytes
from core.errors import DamagedImageError, NotAnImageError
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, decibels, first, pillow_file, pillow_image, pillow_save, rgba, written


def _file() -> bytes:
    return pillow_file("JPEG", quality=95)


UNTIDY = {
    "no-end-marker": lambda file: file[:-2],
    "half-an-end-marker": lambda file: file[:-1],
    "stray-before-the-end": lambda file: file[:-2] + b"x" * 64 + b"\xff\xd9",
    "zeros-before-the-end": lambda file: file[:-2] + bytes(500) + b"\xff\xd9",
    "stray-and-no-end": lambda file: file[:-2] + b"x" * 64,
    "behind-the-end": lambda file: file + b"trailer" * 100,
    "another-picture-behind": lambda file: file + pillow_file("JPEG", made_picture(1, 16, 16), progressive=True),
    "between-segments": lambda file: file[:20] + b"\0\0\0" + file[20:],
    "fill-bytes": lambda file: file[:20] + b"\xff\xff\xff" + file[20:],
}


@pytest.mark.parametrize("spoil", UNTIDY.values(), ids=UNTIDY.keys())
def test_untidiness_is_read(spoil: object) -> None:
    assert callable(spoil)
    assert np.array_equal(first(spoil(_file())), first(_file()))


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("ended", [False, True], ids=["open", "with-an-end-marker"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_missing_data_is_damage(progressive: bool, ended: bool, share: float) -> None:
    file = pillow_file("JPEG", made_picture(3, 300, 200), progressive=progressive)
    cut = file[: int(len(file) * share)] + (b"\xff\xd9" if ended else b"")
    with pytest.raises(DamagedImageError):
        first(cut)


def test_a_progressive_file_that_ends_between_scans_is_damage() -> None:
    file = pillow_file("JPEG", progressive=True)
    scans = [place for place in range(len(file)) if file.startswith(b"\xff\xda", place)]
    assert len(scans) > 5
    for place in scans[2:]:
        tables = file.rindex(b"\xff\xc4", 0, place)
        with pytest.raises(DamagedImageError):
            first(file[:tables])
    assert np.array_equal(first(file[:-2]), first(file))


def test_a_picture_is_as_large_as_it_says() -> None:
    """More lines promised than there are."""
    file = bytearray(_file())
    place = file.index(b"\xff\xc0") + 5
    file[place : place + 2] = struct.pack(">H", 640)
    with pytest.raises(DamagedImageError):
        first(bytes(file))


LOOPS = {
    "length-zero": b"\xff\xd8\xff\xe0\0\0" + b"\xff\xe0\0\0" * 50_000,
    "length-one": b"\xff\xd8\xff\xe0\0\1" * 1000,
    "only-fill": b"\xff\xd8" + b"\xff" * 200_000,
    "only-restarts": b"\xff\xd8\xff" + b"\xd0\xff" * 100_000,
    "end-at-once": b"\xff\xd8\xff\xd9",
    "scan-first": b"\xff\xd8\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0",
    "short-frame": b"\xff\xd8\xff\xc0\0\5\x08\0\0\xff\xd9",
}


@pytest.mark.parametrize("file", LOOPS.values(), ids=LOOPS.keys())
def test_strange_segments_end_in_damage(file: bytes) -> None:
    with pytest.raises(DamagedImageError):
        codecs.probe(file, LIMITS)


@pytest.mark.parametrize(("place", "value"), [(1, 0xC7), (1, 0xCB), (1, 0xF7), (4, 11), (9, 2)])
def test_kinds_that_are_not_read(place: int, value: int) -> None:
    """Hierarchical, lossless by arithmetic coding, JPEG-LS behind other segments, 11 bits, two components."""
    file = bytearray(_file())
    file[file.index(b"\xff\xc0") + place] = value
    with pytest.raises(NotAnImageError):
        codecs.probe(bytes(file), LIMITS)


def test_cmyk_without_a_profile() -> None:
    image = pillow_image(made_picture(3)).convert("CMYK")
    file = pillow_save(image, "JPEG", quality=95)
    assert codecs.probe(file, LIMITS).channels == 3
    assert decibels(rgba(first(file)), rgba(made_picture(3))) >= 30
    opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert decibels(rgba(first(file)), rgba(opencv)) >= 45


def test_ycck_as_cmyk() -> None:
    """The same inks, announced as YCCK by Adobe's marker, must give what OpenCV makes of them."""
    file = pillow_save(pillow_image(made_picture(3)).convert("CMYK"), "JPEG", quality=95)
    adobe = file.index(b"Adobe")
    ycck = file[: adobe + 11] + b"\2" + file[adobe + 12 :]
    opencv = cv2.imdecode(np.frombuffer(ycck, np.uint8), cv2.IMREAD_COLOR)
    assert decibels(rgba(first(ycck)), rgba(opencv)) >= 40


@pytest.mark.parametrize(("mode", "taken_for", "wrong"), [("RGB", 1, 2), ("RGB", 1, 3), ("CMYK", 2, 1), ("CMYK", 2, 9)])
def test_a_colour_transform_that_there_is_not(mode: str, taken_for: int, wrong: int) -> None:
    """YCbCr or YCCK, as libjpeg and Chromium take it; TurboJPEG refuses it."""
    file = pillow_save(pillow_image(made_picture(3)).convert(mode), "JPEG", quality=95)
    if mode == "CMYK":
        place = file.index(b"Adobe") - 4
        file = file[:place] + file[place + 16 :]
    else:
        file = file[:2] + file[20:]
    said = [file[:2] + b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes((kind,)) + file[2:] for kind in (taken_for, wrong)]
    assert np.array_equal(first(said[1]), first(said[0]))


def test_cmyk_with_a_profile_against_littlecms(cmyk_profile: bytes) -> None:
    image = pillow_image(made_picture(3)).convert("CMYK")
    file = pillow_save(image, "JPEG", quality=95, icc_profile=cmyk_profile)
    got = codecs.decode(file, codecs.probe(file, LIMITS), limits=LIMITS, colours="keep")
    frame = next(got)
    assert frame.origin.icc is None
    stored = Image.open(io.BytesIO(file))
    source = ImageCms.ImageCmsProfile(io.BytesIO(cmyk_profile))
    expected = ImageCms.profileToProfile(stored, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert expected is not None
    assert decibels(rgba(frame.pixels), np.asarray(expected.convert("RGBA"))) >= 45


@pytest.fixture
def cmyk_profile() -> bytes:
    """A version 2 printer profile: one table from inks to Lab, two points along each ink (ICC.1:2001-04, 6.5.7)."""
    ends = np.array(np.meshgrid(*[[0, 255]] * 4, indexing="ij")).reshape(4, -1).T.astype(float) / 255
    light = (1 - ends[:, :3]) * (1 - ends[:, 3:])
    lightness = 100 * light.mean(axis=1)
    lab = np.stack([lightness, 60 * (light[:, 0] - light[:, 1]), 60 * (light[:, 1] - light[:, 2])], axis=1)
    grid = np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], axis=1)
    ramp = struct.pack(">HH", 0, 65535)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    head = b"mft2\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + struct.pack(">HH", 2, 2)
    table = head + ramp * 4 + np.clip(grid, 0, 65535).astype(">u2").tobytes() + ramp * 3
    return _profile_with(table)


def _profile_with(table: bytes) -> bytes:
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"inks\0" + bytes(78)
    tags = {b"desc": text, b"wtpt": white, b"A2B0": table}
    start, index, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        index += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", header, 0, start + len(body), b"none", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    header[36:40] = b"acsp"
    header[68:80] = white[8:]
    return bytes(header) + struct.pack(">I", len(tags)) + index + body


@pytest.mark.parametrize("name", ["1", "2", "3", "4", "5", "6", "7", "8"])
def test_orientation(name: str) -> None:
    """A picture turned away and marked so is turned back."""
    block = Image.Exif()
    block[0x0112] = int(name)
    away = {"2": 0, "3": 3, "4": 1, "5": 5, "6": 2, "7": 6, "8": 4}
    turns = [Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.ROTATE_90]
    turns += [Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270, Image.Transpose.TRANSPOSE]
    turns += [Image.Transpose.TRANSVERSE]
    image = pillow_image(made_picture(3))
    turned = image.transpose(turns[away[name]]) if name in away else image
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        file = pillow_save(turned, kind, exif=block, quality=95)
        assert codecs.probe(file, LIMITS).size == Size(96, 64)
        assert decibels(rgba(first(file)), rgba(made_picture(3))) >= 30, kind


def test_metadata_is_found_behind_the_frame_header() -> None:
    late = segment_bytes(0xE1, b"Exif\0\0" + _oriented(6))
    file = written(made_picture(3), "jpeg")
    place = file.index(b"\xff\xda")
    assert codecs.probe(file[:place] + late + file[place:], LIMITS).orientation == 6


def test_of_two_blocks_the_first_one_counts() -> None:
    late = segment_bytes(0xE1, b"Exif\0\0" + _oriented(6))
    file = written(made_picture(3), "jpeg", EncodeOptions(keep=frozenset({"exif"})), exif=_oriented(3))
    place = file.index(b"\xff\xda")
    assert codecs.probe(file[:place] + late + file[place:], LIMITS).orientation == 1


def _oriented(value: int) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 0x0112, 3, 1, value) + bytes(4)


@pytest.mark.parametrize(("sampling", "coarse"), [("444", 1), ("422", 2), ("420", 1), ("440", 2), ("411", 4)])
def test_how_coarse_colours_are_along_one_axis(sampling: str, coarse: int) -> None:
    asked = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")]
    assert codecs.probe(bytes(cv2.imencode(".jpg", made_picture(3), asked)[1]), LIMITS).coarse == coarse
    assert codecs.probe(bytes(cv2.imencode(".jpg", made_picture(1), asked)[1]), LIMITS).coarse == 1


def test_arithmetic_or_not_the_camera_pictures_are_exact(data: Path) -> None:
    """Our decoder and OpenCV's are both libjpeg-turbo: the same picture to the bit."""
    file = (data / "images/photos/kite.jpg").read_bytes()
    opencv = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(first(file), opencv)


def test_luma_alone_is_the_grey_of_the_picture(data: Path) -> None:
    file = pillow_file("JPEG", np.asarray(Image.open(data / "images" / "kodak" / "kodim08.png")), quality=92)
    origin = codecs.probe(file, LIMITS)
    grey, color = (
        next(codecs.decode(file, origin, limits=LIMITS, hints=codecs.DecodeHints(luma=luma))).pixels
        for luma in (True, False)
    )
    assert grey.shape == (*color.shape[:2], 1)
    assert cv2.PSNR(grey[:, :, 0], cv2.cvtColor(color, cv2.COLOR_BGR2GRAY)) > 45


def test_a_file_of_one_scan_is_not_searched_for_more() -> None:
    """Baseline decoders stop after the one scan, so that strange markers behind it cost nothing and are no reason."""
    file = _file() + b"\xff\xda" * 50_000
    assert first(file).shape[2] == 3


def _gentle(channels: int, bits: int) -> np.ndarray:
    rows, columns = np.mgrid[:48, :64]
    planes = [rows / 47, columns / 63, (rows + columns) / 110][:channels]
    return np.rint(np.dstack(planes) * (2**bits - 1)).astype(np.uint16 if bits > 8 else np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("bits", "lossless"), [(12, False), (12, True), (16, True), (8, True)])
def test_deep_and_lossless(channels: int, bits: int, lossless: bool) -> None:
    pixels = _gentle(channels, bits)
    options = {"bitspersample": bits} if bits > 8 else {}
    data = imagecodecs.jpeg8_encode(pixels.squeeze(), level=None if lossless else 98, lossless=lossless, **options)
    origin = codecs.probe(data, LIMITS)
    assert (origin.size, origin.channels, origin.depth) == (Size(64, 48), channels, bits)
    expected = np.rint(pixels / (2**bits - 1) * 255)[:, :, ::-1]
    assert np.abs(first(data).astype(int) - expected).max() <= (1 if lossless else 3)
    with pytest.raises(DamagedImageError):
        first(data[: len(data) // 2])
