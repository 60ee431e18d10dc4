"""Random pipelines over pictures of many kinds: by the rules, and by none."""

import random
from collections.abc import Collection, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from core import codecs
from core.errors import DarkroomError
from core.planner.rules import NAMES, RULES
from core.process import Result
from tests.conftest import DATA
from tests.core.planner.support import LIMITS, jpeg, likeness, made, photo, pixels, planned

EXACT = frozenset(rule.name for rule in RULES if rule.exact)
APPROXIMATE = frozenset(rule.name for rule in RULES if not rule.exact)

_MOVES = (
    "flip", "flop", "rotate:90", "rotate:180", "rotate:270", "rotate:-90", "crop:70p,60p", "crop:50p,80p,x=7,y=3",
    "crop:61p,90p,gravity=north", "crop:31p,47p,gravity=southeast", "crop:101,67,x=3,y=9", "crop:12,12", "trim",
    "square", "pad:4", "border:3,f80", "rotate:17",
)  # fmt: skip
_SCALINGS = (
    "resize:{side}", "resize:{side}", "resize:,{side}", "resize:{side},{side},fit=cover", "square:{side}",
    "resize:{side},{side},fit=contain,background=248", "resize:{side},kernel=lanczos", "resize:{side},kernel=linear",
    "resize:{side},{side},fit=fill", "resize:{side},kernel=cubic", "resize:{side},kernel=area",
    "resize:{side},kernel=nearest", "resize:{side},dpr=2",
)  # fmt: skip
_COLORS = (
    "brightness:120", "brightness:60", "contrast:130", "contrast:70", "gamma:1.4", "exposure:0.4", "invert",
    "levels:10,240", "posterize:6", "solarize:128", "grayscale", "sepia", "sepia:40", "saturation:140", "saturation:40",
    "hue:40", "temperature:20", "tint:-20", "channel:green", "curves:0:0+64:48+192:208+255:255",
    "curves:0:10+255:245,channel=red", "duotone", "colorize",
)  # fmt: skip
_OTHERS = (
    "blur:5",
    "blur:3",
    "blur:15",
    "blur:9",
    "blur:23",
    "blur:45",
    "blur:67",
    "blur:17,sigma=2.5",
    "median:3",
    "box:5",
    "sharpen",
    "unsharp",
    "canny",
    "vignette",
    "threshold",
    "pixelate:6",
)
_LOOKS = ("sharpness", "histogram", "palette", "exif", "qr")
_WEIGHTED = ((_MOVES, 30), (_SCALINGS, 25), (_COLORS, 30), (_OTHERS, 18), (_LOOKS, 3))


class Judged(NamedTuple):
    """One pipeline on one picture.

    `alike` is PSNR in dB between the results by all rules and by none; `same` says that the exact rules alone change no
    byte, nothing that was found, and no error.
    """

    text: str
    picture: str
    fired: tuple[str, ...]
    scale: int
    same: bool
    alike: float


def pipeline(chance: random.Random) -> str:
    """A pipeline of one to six steps."""
    kinds, weights = zip(*_WEIGHTED, strict=True)
    chosen = [chance.choice(kind) for kind in chance.choices(kinds, weights, k=chance.randint(1, 6))]
    return "/".join(step.format(side=chance.choice((24, 40, 64, 100, 160, 240))) for step in chosen)


def judged(count: int, seed: int) -> Iterator[Judged]:
    """So many random pipelines, each over a picture in turn."""
    chance, files = random.Random(seed), pictures()
    number = 0
    while number < count:
        name, data = files[number % len(files)]
        found = _judged(pipeline(chance), name, data)
        if found is not None:
            number += 1
            yield found


def _judged(text: str, name: str, data: bytes) -> Judged | None:
    """None where the pipeline is refused, by all rules and by none in the same words."""
    plain, exact, whole = (_made_or_refused(data, text, rules) for rules in ((), EXACT, NAMES))
    if isinstance(plain, str):
        return None if plain == exact == whole else Judged(text, name, (), 1, same=False, alike=0.0)
    if isinstance(exact, str) or isinstance(whole, str):
        return Judged(text, name, (), 1, same=False, alike=0.0)
    steps = planned(text, codecs.probe(data, LIMITS))
    names = tuple(one.rule for one in steps.fired)
    return Judged(text, name, names, steps.scale, _same(plain, exact), likeness(pixels(plain), pixels(whole)))


def _made_or_refused(data: bytes, text: str, rules: Collection[str]) -> Result | str:
    try:
        return made(data, text, rules=rules)[0]
    except DarkroomError as error:
        return f"{error.code}: {error}"


def _same(one: Result, other: Result) -> bool:
    return one.data == other.data and one.findings(masks=True) == other.findings(masks=True)


@cache
def pictures() -> list[tuple[str, bytes]]:
    """Forty pictures: made ones of every sort of JPEG, PNG and WebP, and real ones where they are."""
    return [*_made(), *_real()][:40]


def _made() -> Iterator[tuple[str, bytes]]:
    for width, height in ((800, 600), (803, 601), (640, 360)):
        for channels in (1, 3):
            yield f"jpeg {width}x{height}x{channels}", jpeg(photo(width, height, channels))
    image = Image.fromarray(photo()[:, :, ::-1].copy())
    for name, options in _SORTS.items():
        buffer = BytesIO()
        image.save(buffer, "JPEG", **{"quality": 90, **options})
        yield name, buffer.getvalue()
    for name, flags in _STORED.items():
        yield name, bytes(cv2.imencode(".jpg", photo(642, 482), flags)[1])
    for width, height in ((1023, 129), (640, 17), (1, 300)):
        yield f"jpeg {width}x{height}", jpeg(photo(width, height))
    for orientation, size in ((3, image.size), (6, image.size), (7, image.size), (5, (641, 479))):
        exif = Image.Exif()
        exif[0x0112] = orientation
        buffer = BytesIO()
        image.resize(size).save(buffer, "JPEG", quality=90, exif=exif)
        yield f"orientation {orientation}", buffer.getvalue()
    for name, format_, converted in _OTHER_KINDS:
        buffer = BytesIO()
        converted(image).save(buffer, format_)
        yield name, buffer.getvalue()


_SORTS: dict[str, dict[str, object]] = {
    "progressive": {"progressive": True}, "4:4:4": {"subsampling": 0}, "4:2:2": {"subsampling": 1},
    "quality 40": {"quality": 40},
}  # fmt: skip


_STORED = {
    "4:4:0": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440],
    "4:1:1": [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411],
    "restarted": [cv2.IMWRITE_JPEG_RST_INTERVAL, 3],
}


def _seen_through(image: Image.Image) -> Image.Image:
    image = image.resize((320, 240))
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, 320).astype(np.uint8), (240, 1))))
    return image


_OTHER_KINDS = (
    ("inks", "JPEG", lambda image: image.convert("CMYK")),
    ("png", "PNG", lambda image: image.resize((320, 240))),
    ("grey png", "PNG", lambda image: image.convert("L").resize((320, 240))),
    ("png with alpha", "PNG", _seen_through),
    ("webp", "WEBP", lambda image: image.resize((320, 240))),
    ("gif", "GIF", lambda image: image.resize((160, 120))),
)


def _real() -> Iterator[tuple[str, bytes]]:
    folders = ("images/coral", "images/photos", "exif", "formats/golang", "formats/image-rs")
    paths = [path for folder in folders for path in sorted((DATA / folder).glob("*.jp*g"))]
    for path in paths if DATA.is_dir() else ():
        found = _small(path)
        if found is not None:
            yield path.name, found


_SMALL = 2_500_000


def _small(path: Path) -> bytes | None:
    """The file; None where it is too large for thousands of runs, or damaged on purpose."""
    data = path.read_bytes()
    try:
        small = codecs.probe(data, LIMITS).size.pixels <= _SMALL
        if small:
            made(data, "resize:24", rules=())
    except DarkroomError:
        return None
    return data if small else None
