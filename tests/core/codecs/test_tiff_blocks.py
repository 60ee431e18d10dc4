"""TIFFs whose strips or tiles are JPEG 2000, WebP or LERC: judged by tifffile, and by the numbers that were written."""

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from core import codecs
from core.errors import DarkroomError
from tests.core.codecs.support import LIMITS, first, rgba
from tests.core.codecs.tiffs import (
    FLOAT,
    GREY,
    HEIGHT,
    RGB,
    SIGNED,
    UNSIGNED,
    WIDTH,
    YCBCR,
    Way,
    of_pieces,
    shares_of,
)  # fmt: skip

JPEG_2000, APERIO_YCBCR, APERIO_RGB, LERC, WEBP = 34712, 33003, 33005, 34887, 50001
LERC_PARAMETERS = 50674
Values = NDArray[Any]
Pack = Callable[[Values], bytes]


def lerc(values: Values, **options: Any) -> bytes:
    return bytes(imagecodecs.lerc_encode(np.squeeze(values) if values.shape[2] == 1 else values, **options))


def jpeg2000(values: Values, **options: Any) -> bytes:
    wanted = {"codecformat": "j2k", "reversible": True, "level": 0, "mct": False, **options}
    return bytes(imagecodecs.jpeg2k_encode(np.squeeze(values), **wanted))


def webp(values: Values) -> bytes:
    return bytes(imagecodecs.webp_encode(values, lossless=True, level=50))


PACKS: dict[int, Pack] = {JPEG_2000: jpeg2000, APERIO_RGB: jpeg2000, LERC: lerc, WEBP: webp}
WAYS = {
    "strips": Way(),
    "tiles": Way(tile=16),
    "big-endian": Way(order=">"),
    "planes": Way(planes=True),
    "planes-in-tiles": Way(planes=True, tile=16),
    "big-tiff": Way(big=True, tile=16),
}


def blocks(values: Values, way: Way) -> list[Values]:
    """Strips of eight rows, or tiles filled up to their size, plane by plane."""
    found = []
    for part in np.split(values, values.shape[2], axis=2) if way.planes else [values]:
        side = way.tile or 8
        down, across = -HEIGHT % side if way.tile else 0, -WIDTH % side if way.tile else 0
        padded = np.pad(part, ((0, down), (0, across), (0, 0)), mode="edge")
        for top in range(0, len(padded), side):
            lefts = range(0, padded.shape[1], way.tile or WIDTH)
            found += [padded[top : top + side, left : left + (way.tile or WIDTH)] for left in lefts]
    return [np.ascontiguousarray(block) for block in found]


def file(
    values: Values, packing: int, way: Way, *, kind: int = UNSIGNED, extra: int | None = None, pack: Pack | None = None,
    photometric: int = 0, around: int = 0,
) -> bytes:  # fmt: skip
    pack = pack or PACKS[packing]
    swapped = packing == LERC and way.order == ">"  # libtiff swaps the numbers before it packs them
    pieces = [pack(block.byteswap() if swapped else block) for block in blocks(values, way)]
    more = {LERC_PARAMETERS: [4, around]} if packing == LERC else {}
    samples = values.shape[2]
    colours = photometric or (RGB if samples > 2 else GREY)
    way = way._replace(packing=packing)
    return of_pieces(pieces, samples, colours, kind, way, extra, 8 * values.itemsize, more)


def numbers(samples: int, dtype: type) -> Values:
    if np.issubdtype(dtype, np.floating):
        return shares_of(samples).astype(dtype)
    limits = np.iinfo(dtype)
    return np.rint(shares_of(samples) * (float(limits.max) - limits.min) + limits.min).astype(dtype)


KINDS = [
    (JPEG_2000, np.uint8, 1), (JPEG_2000, np.uint8, 3), (JPEG_2000, np.uint16, 1), (JPEG_2000, np.uint16, 3),
    (APERIO_RGB, np.uint8, 3), (WEBP, np.uint8, 3),
    (LERC, np.uint8, 1), (LERC, np.uint8, 3), (LERC, np.uint16, 3), (LERC, np.int16, 1), (LERC, np.uint32, 1),
    (LERC, np.float32, 1), (LERC, np.float64, 3), (LERC, np.float32, 3),
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
@pytest.mark.parametrize(("packing", "dtype", "samples"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_samples_are_what_was_written_and_what_tifffile_reads(
    packing: int, dtype: type, samples: int, way: Way
) -> None:
    if packing == WEBP and way.planes:
        return
    values = numbers(samples, dtype)
    kind = FLOAT if np.issubdtype(dtype, np.floating) else SIGNED if np.issubdtype(dtype, np.signedinteger) else 1
    made = file(values, packing, way, kind=kind)
    theirs = tifffile.imread(io.BytesIO(made))
    theirs = np.moveaxis(theirs, 0, 2) if way.planes and samples > 1 else theirs.reshape(HEIGHT, WIDTH, samples)
    assert np.array_equal(theirs, values)
    expected = np.rint(shares_of(samples) * 255)
    assert np.abs(first(made)[:, :, ::-1].astype(float) - expected).max() <= 1


@pytest.mark.parametrize("extra", [1, 2], ids=["multiplied", "straight"])
@pytest.mark.parametrize("packing", [JPEG_2000, LERC, WEBP])
def test_alpha(packing: int, extra: int) -> None:
    shares = shares_of(4)
    alpha = shares[:, :, 3:] * 0.75 + 0.25
    stored = np.concatenate([shares[:, :, :3] * (alpha if extra == 1 else 1), alpha], axis=2)
    got = rgba(first(file(np.rint(stored * 255).astype(np.uint8), packing, Way(), extra=extra))).astype(float)
    assert np.abs(got[:, :, 3] - alpha[:, :, 0] * 255).max() <= 1
    assert np.abs(got[:, :, :3] - shares[:, :, :3] * 255).max() <= 4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_of_lerc_may_be_its_mask(dtype: type) -> None:
    values = numbers(4, dtype)
    values[:, :, 3] = np.where(values[:, :, 0] % 3, np.iinfo(dtype).max, 0)
    masked = file(
        values, LERC, Way(), extra=2,
        pack=lambda block: lerc(np.ascontiguousarray(block[:, :, :3]), masks=block[:, :, 3] > 0),
    )  # fmt: skip
    shown = rgba(first(file(values, LERC, Way(), extra=2)))
    got = rgba(first(masked))
    assert np.array_equal(got[:, :, 3], shown[:, :, 3])
    assert np.array_equal(got[got[:, :, 3] > 0], shown[shown[:, :, 3] > 0])


def test_what_lerc_masks_is_no_number() -> None:
    values = numbers(1, np.float32)
    valid = np.ones((HEIGHT, WIDTH), bool)
    valid[:8, :10] = False
    pieces = [lerc(block, masks=valid[8 * n : 8 * n + len(block)]) for n, block in enumerate(blocks(values, Way()))]
    made = of_pieces(pieces, 1, GREY, FLOAT, Way(packing=LERC), None, 32, {LERC_PARAMETERS: [4, 0]})
    got = first(made)[:, :, 0]
    assert got[:8, :10].max() == 0
    assert np.abs(got[8:].astype(float) - values[8:, :, 0] * 255).max() <= 1


def test_lerc_that_masks_each_sample_alone_has_a_blob_for_each() -> None:
    values = numbers(3, np.float32)

    def pack(block: Values) -> bytes:
        masks = [np.arange(block[:, :, 0].size).reshape(block.shape[:2]) % (5 + place) > 0 for place in range(3)]
        planes = [np.ascontiguousarray(block[:, :, place]) for place in range(3)]
        return b"".join(lerc(plane[:, :, None], masks=mask) for plane, mask in zip(planes, masks, strict=True))

    got = first(file(values, LERC, Way(), kind=FLOAT, pack=pack)).astype(float)[:, :, ::-1]
    kept = np.arange(8 * WIDTH).reshape(8, WIDTH)[:, :, None] % np.array([5, 6, 7]) > 0
    assert np.abs(got[:8] - values[:8] * kept * 255).max() <= 1


AROUND: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "deflate": (1, zlib.compress),
    "zstandard": (2, lambda data: bytes(imagecodecs.zstd_encode(data))),
}


@pytest.mark.parametrize("name", AROUND)
def test_lerc_packed_again(name: str) -> None:
    number, outer = AROUND[name]
    values = numbers(3, np.uint16)
    made = file(values, LERC, Way(tile=16), pack=lambda block: outer(lerc(block)), around=number)
    assert np.array_equal(first(made), first(file(values, LERC, Way(tile=16))))


@pytest.mark.parametrize(("packing", "photometric"), [(APERIO_YCBCR, RGB), (APERIO_YCBCR, YCBCR), (JPEG_2000, YCBCR)])
def test_light_and_differences(packing: int, photometric: int) -> None:
    """Compression 33003 says it whatever the photometric interpretation does (Aperio)."""
    shown = np.rint(shares_of(3) * 255).astype(np.uint8)
    stored = cv2.cvtColor(shown, cv2.COLOR_RGB2YCrCb)[:, :, [0, 2, 1]]
    got = first(file(stored, packing, Way(tile=16), photometric=photometric, pack=jpeg2000))
    assert np.abs(got[:, :, ::-1].astype(int) - shown).max() <= 3


def spoilt(values: Values, packing: int, pack: Pack) -> bytes:
    return file(values, packing, Way(), pack=pack)


RED = numbers(3, np.uint8)
DAMAGED: dict[str, tuple[int, Pack]] = {
    "another size of JPEG 2000": (JPEG_2000, lambda block: jpeg2000(np.tile(block, (3, 3, 1)))),
    "another size of WebP": (WEBP, lambda block: webp(np.tile(block, (3, 3, 1)))),
    "another size of LERC": (LERC, lambda block: lerc(np.tile(block, (3, 3, 1)))),
    "fewer samples of JPEG 2000": (JPEG_2000, lambda block: jpeg2000(block[:, :, :1])),
    "fewer samples of LERC": (LERC, lambda block: lerc(block[:, :, :1])),
    "deeper JPEG 2000": (JPEG_2000, lambda block: jpeg2000(block.astype(np.uint16))),
    "deeper LERC": (LERC, lambda block: lerc(block.astype(np.uint16))),
    "JPEG 2000 cut short": (JPEG_2000, lambda block: jpeg2000(block)[:-30]),
    "WebP cut short": (WEBP, lambda block: webp(block)[:-30]),
    "LERC cut short": (LERC, lambda block: lerc(block)[:-30]),
    "no JPEG 2000": (JPEG_2000, lambda _: bytes(200)),
    "no WebP": (WEBP, lambda _: bytes(200)),
    "no LERC": (LERC, lambda _: bytes(200)),
    "nothing": (LERC, lambda _: b""),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_block_that_is_not_what_the_file_says_is_damage(name: str) -> None:
    packing, pack = DAMAGED[name]
    with pytest.raises(DarkroomError) as caught:
        first(spoilt(RED, packing, pack))
    assert caught.value.code == "damaged_image"


def test_lerc_whose_outer_packing_unpacks_to_far_more_is_damage() -> None:
    made = file(RED, LERC, Way(), pack=lambda block: zlib.compress(bytes(1 << 24) + lerc(block)), around=1)
    with pytest.raises(DarkroomError) as caught:
        first(made)
    assert caught.value.code == "damaged_image"


UNREAD = {
    "WebP of 16 bits": lambda: file(numbers(3, np.uint16), WEBP, Way(), pack=lambda _: b"x"),
    "WebP of grey": lambda: file(numbers(1, np.uint8), WEBP, Way(), pack=lambda _: b"x"),
    "JPEG 2000 of 32 bits": lambda: file(numbers(1, np.uint32), JPEG_2000, Way(), pack=lambda _: b"x"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_such_blocks_do_not_hold_is_named(name: str) -> None:
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(UNREAD[name](), LIMITS)
    assert caught.value.code == "not_an_image"


def test_far_more_blocks_than_the_size_needs_are_too_much_work() -> None:
    made = of_pieces([jpeg2000(RED[:8])] * 300, 3, RGB, UNSIGNED, Way(packing=JPEG_2000), None, 8)
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(made, LIMITS)
    assert caught.value.code == "too_much_work"


def test_thin_strips_of_jpeg_2000_are_too_much_work() -> None:
    made = of_pieces([jpeg2000(RED[row : row + 1]) for row in range(HEIGHT)], 3, RGB, UNSIGNED, Way(packing=JPEG_2000),
                     None, 8, {278: [1]})  # fmt: skip
    with pytest.raises(DarkroomError) as caught:
        codecs.probe(made, LIMITS)
    assert caught.value.code == "too_much_work"


@pytest.mark.parametrize("packing", [1, 8, JPEG_2000, LERC, WEBP])
@pytest.mark.parametrize(("size", "tile", "code"), [
    ((1, 4096), (4096, 4096), "too_much_work"),
    ((1, 16384), (1 << 24, 1), "too_much_work"),
    ((16384, 1), (1, 1 << 24), "too_much_work"),
    ((1, 1), (4097, 4096), "damaged_image"),
    ((1, 1), (2048, 2048), None),
    ((3000, 3000), (4096, 4096), None),
    ((40, 3000), (512, 512), None),
])  # fmt: skip
def test_tiles_far_larger_than_the_picture_are_refused(
    packing: int, size: tuple[int, int], tile: tuple[int, int], code: str | None
) -> None:
    more = {256: [size[0]], 257: [size[1]], 322: [tile[0]], 323: [tile[1]]}
    made = of_pieces([b"piece"], 3, RGB, UNSIGNED, Way(packing=packing, tile=16), None, 8, more)
    assert outcome(made) == code


def outcome(file: bytes) -> str | None:
    try:
        codecs.probe(file, LIMITS)
    except DarkroomError as error:
        return error.code
    return None


def test_every_truncation_is_an_error_of_ours() -> None:
    for packing in (JPEG_2000, LERC, WEBP):
        made = file(RED, packing, Way(big=False))
        start = struct.unpack_from("<I", made, 4)[0]
        for length in range(0, start, 97):
            with pytest.raises(DarkroomError):
                first(made[:length] + made[start - 40 : start - 20])
