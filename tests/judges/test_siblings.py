"""Kinds of files that no collection has, made here at random, before the browser: it has to show what we read."""

import struct
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest

from core.codecs import png
from tests.conftest import made_picture
from tests.core.codecs import test_apng as apngs
from tests.core.codecs import test_bmp as bmps
from tests.core.codecs import test_gif as gifs
from tests.core.codecs import test_ico as icons
from tests.core.codecs import test_webp as webps
from tests.core.codecs.support import pillow_file, read, rgba
from tests.judges import browser
from tests.judges.browser import Browser
from tests.judges.comparing import _shown
from tests.judges.readers import on_a_grid

GRID, MOST = 18, 2
"""Cells across, as many as a picture has pixels or twice as many, and levels that rounding may differ by."""


@pytest.fixture(scope="module")
def seeing() -> Iterator[Browser]:
    with browser.opened() as opened:
        yield opened


def _apart(file: bytes, name: str, seeing: Browser) -> str:
    """Where the browser shows something else; empty where it does not."""
    shown, ours = seeing.look(file, name, GRID, 99) or [], read(file)
    if len(shown) != len(ours):
        return f"{len(shown)} frames for {len(ours)}"
    for number, (frame, seen) in enumerate(zip(ours, shown, strict=True)):
        if tuple(frame.size) != (seen.width, seen.height):
            return f"frame {number}: {seen.width}×{seen.height} for {frame.size}"
        levels = np.abs(_shown(on_a_grid(rgba(frame.pixels), GRID)) - _shown(seen.grid)).max()
        if levels > MOST:
            return f"frame {number}: {levels:.0f} levels"
    return ""


def _gif(random: np.random.Generator) -> bytes:
    def drawn() -> gifs.Drawn:
        x, y, width, height = (int(number) for number in random.integers((0, 0, 1, 1), (4, 4, 6, 6)))
        disposal = None if random.random() < 0.15 else int(random.integers(0, 5))
        clear = int(random.integers(0, 4)) if random.random() < 0.4 else None
        own = bool(random.random() < 0.3)
        return gifs.Drawn(int(random.integers(0, 4)), x, y, width, height, disposal, clear, 10, own)

    return gifs.gif(*(drawn() for _ in range(random.integers(1, 7))))


def _apng(random: np.random.Generator) -> bytes:
    kind = int(random.choice([apngs.GREY, apngs.RGB, apngs.GREY_ALPHA, apngs.RGBA]))
    depth = int(random.choice([8, 16]))
    levels = [0, (1 << depth) - 1, (1 << depth) // 3]

    def shown(first: bool) -> apngs.Shown:
        side = apngs.SIDE if first else int(random.integers(1, apngs.SIDE + 1))
        x, y = (int(number) for number in random.integers(0, apngs.SIDE - side + 1, 2))
        samples = tuple(int(sample) for sample in random.choice(levels, apngs.SAMPLES[kind]))
        return apngs.Shown(samples, x, y, side, int(random.integers(0, 3)), int(random.integers(0, 2)))

    frames = [shown(first=not number) for number in range(random.integers(2, 7))]
    key = struct.pack(f">{apngs.SAMPLES[kind]}H", *[levels[2]] * apngs.SAMPLES[kind])
    clear = png._pack(b"tRNS", key) if kind in {apngs.GREY, apngs.RGB} and random.random() < 0.5 else b""
    return apngs._apng(frames, kind=kind, depth=depth, interlaced=bool(random.random() < 0.2), more=clear)


def _webp(random: np.random.Generator) -> bytes:
    def drawn() -> webps.Drawn:
        place, side = int(random.choice([0, 2, 4])), int(random.integers(1, 5))
        whole = random.random() < 0.4
        disposal = int(random.integers(0, 2))
        colour = str(random.choice(list(webps.COLOURS)))
        return webps.Drawn(colour, 0 if whole else place, webps.SIDE if whole else side, disposal)

    return webps.webp(*(drawn() for _ in range(random.integers(1, 5))))


def _bmp(random: np.random.Generator) -> bytes:
    """16 or 32 bits by masks of any width in any place."""
    bits = int(random.choice([16, 32]))
    cuts = np.sort(random.choice(np.arange(1, bits), 3, replace=False))
    edges = [0, *cuts.tolist(), bits]
    widths = [min(high - low, 8) for low, high in pairwise(edges)]
    masks = [((1 << width) - 1) << low for width, low in zip(widths, edges, strict=False)]
    random.shuffle(masks)
    length, packing = [(40, 3), (52, 3), (56, 3), (108, 3), (124, 3), (40, 6)][int(random.integers(0, 6))]
    told = masks if packing == 6 or length > 52 else masks[:3]
    rows = random.integers(0, 256, 12 * 9 * bits // 8, np.uint8).tobytes()
    height = int(random.choice([9, -9]))
    return bmps._dib(bits, packing, length, tuple(told), rows, width=12, height=height)


def _ico(random: np.random.Generator) -> bytes:
    """Bitmaps of any depth with a mask, with and without alpha, in icons and cursors of one or two sizes."""

    def entry(side: int) -> tuple[int, int, bytes]:
        bits = int(random.choice([1, 4, 8, 24, 32]))
        head = struct.pack("<IiiHH24x", 40, side, 2 * side, 1, bits)
        samples = random.integers(0, 256, (side, (side * bits + 31) // 32 * 4), np.uint8)
        if bits == 32:
            samples[:, 3::4] = int(random.choice([0, 255])) if random.random() < 0.5 else samples[:, 3::4]
        palette = random.integers(0, 256, (1 << bits, 4), np.uint8).tobytes() if bits <= 8 else b""
        mask = random.integers(0, 256, 4 * side, np.uint8).tobytes()
        return bits, side, head + palette + samples.tobytes() + mask

    sides = [9] if random.random() < 0.6 else [6, 9]
    random.shuffle(sides)
    return icons._icon(int(random.choice([1, 2])), *map(entry, sides))


MAKERS: dict[str, Callable[[np.random.Generator], bytes]] = {
    "gif": _gif, "apng": _apng, "webp": _webp, "bmp": _bmp, "ico": _ico,
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_random_files(name: str, seeing: Browser) -> None:
    random = np.random.default_rng(17)
    for number in range(40):
        what = _apart(MAKERS[name](random), name, seeing)
        assert not what, f"{name} {number}: {what}"


CODE_POINTS = [
    (12, 13), (1, 8), (9, 13), (1, 1), (9, 14), (12, 6), (1, 4), (5, 5), (1, 7), (12, 17), (11, 13), (12, 2), (2, 8),
    (77, 13),
]  # fmt: skip


@pytest.mark.parametrize("points", CODE_POINTS, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_colour_of_a_png_by_numbers(channels: int, points: tuple[int, int], seeing: Browser) -> None:
    file = pillow_file("PNG", made_picture(channels))
    assert not _apart(file[:33] + png._pack(b"cICP", bytes((*points, 0, 1))) + file[33:], "png", seeing)


@pytest.mark.parametrize("points", [(12, 13), (1, 1), (9, 14), (1, 8), (1, 7), (12, 17), (12, 2), (2, 13)], ids=str)
def test_colour_of_an_avif_by_numbers(points: tuple[int, int], seeing: Browser) -> None:
    """The curves of video are sRGB's here, where they are BT.1886's in PNG."""
    file = bytearray(pillow_file("AVIF", made_picture(3), quality=100, subsampling="4:4:4"))
    struct.pack_into(">HH", file, file.index(b"colrnclx") + 8, *points)
    assert not _apart(bytes(file), "avif", seeing)


def _adobe(kind: int) -> bytes:
    return b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes((kind,))


def _renamed(file: bytes, names: bytes) -> bytes:
    """Other identifiers of the three components, in frame and scan."""
    frame, scan = file.index(b"\xff\xc0") + 10, file.index(b"\xff\xda") + 5
    made = bytearray(file)
    for number, name in enumerate(names):
        made[frame + 3 * number] = made[scan + 2 * number] = name
    return bytes(made)


_CMYK = pillow_file("JPEG", made_picture(3), "CMYK", quality=95)
_YCC = (_FILE := pillow_file("JPEG", made_picture(3), quality=95, subsampling=0))[:2] + _FILE[20:]
_INKS = _CMYK[: (place := _CMYK.index(b"Adobe") - 4)] + _CMYK[place + 16 :]
JPEGS = {
    "no-marker": _YCC,
    "components-named-rgb": _renamed(_YCC, b"RGB"),
    "components-named-otherwise": _renamed(_YCC, b"\5\6\7"),
    "grey": pillow_file("JPEG", made_picture(1), quality=95),
    "inks": _INKS,
    **{f"adobe-{kind}": _YCC[:2] + _adobe(kind) + _YCC[2:] for kind in (0, 1, 2, 9)},
    **{f"inks-adobe-{kind}": _INKS[:2] + _adobe(kind) + _INKS[2:] for kind in (0, 1, 2, 9)},
}


@pytest.mark.parametrize("name", JPEGS)
def test_colours_of_a_jpeg(name: str, seeing: Browser) -> None:
    assert not _apart(JPEGS[name], "jpeg", seeing)


def test_the_judge_sees_one_pixel(seeing: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _bmp(np.random.default_rng(3))
    assert not _apart(file, "bmp", seeing)
    (ours,) = read(file)
    ours.pixels[4, 5, 1] ^= 0x80
    monkeypatch.setattr("tests.judges.test_siblings.read", lambda _: [ours])
    assert _apart(file, "bmp", seeing)
