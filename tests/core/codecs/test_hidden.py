"""No file holds what was under alpha 0, in any format, and what is seen is not the worse for it."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core import codecs
from core.codecs import FORMATS, EncodeOptions, encode
from core.codecs.base import EncodeJob
from core.codecs.registry import codec_of
from core.picture import Picture, Pixels
from tests.conftest import made_picture
from tests.core.codecs.support import LIMITS, others, picture

CLEAR = [name for name, known in FORMATS.items() if known.writes and known.alpha]
WAYS: dict[str, dict[str, Any]] = {
    "default": {},
    "lossless": {"lossless": True},
    "quality-100": {"quality": 100},
    "chroma-444": {"chroma": "444"},
    "effort-10": {"effort": 10},
}
EXACT = ["png", "apng", "tiff"]


def island(hidden: Any, height: int = 120, width: int = 150) -> NDArray[np.uint8]:
    """A disc with a soft edge; what is hidden around it has one colour, or those of another picture."""
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - height / 2, columns - width / 2)
    pixels = np.dstack([made_picture(3, width, height), np.clip(255 - 40 * (away - 40), 0, 255).astype(np.uint8)])
    pixels[:, :, :3] = np.where(pixels[:, :, 3:] > 0, pixels[:, :, :3], hidden)
    return pixels


def secret() -> NDArray[np.uint8]:
    """What must not be found."""
    return np.random.default_rng(5).integers(0, 256, (120, 150, 3)).astype(np.uint8)


@pytest.mark.parametrize("options", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", CLEAR)
def test_a_file_does_not_depend_on_what_is_hidden(name: str, options: dict[str, Any]) -> None:
    one, other = (encode([picture(island(what))], name, EncodeOptions(**options)) for what in (0, secret()))
    assert one == other


@pytest.mark.parametrize("name", [name for name in CLEAR if FORMATS[name].animates])
def test_no_frame_depends_on_what_is_hidden(name: str) -> None:
    def frames(hidden: Any) -> list[Picture]:
        return [picture(np.roll(island(hidden), 9 * number, axis=1), duration=50) for number in range(3)]

    assert encode(frames(255), name) == encode(frames(secret()), name)


@pytest.mark.parametrize("name", CLEAR)
def test_nothing_is_left_in_what_loses_nothing(name: str) -> None:
    file = encode([picture(island(secret()))], name, EncodeOptions(lossless=True))
    made = others(file)
    hidden = made[:, :, 3] == 0
    assert hidden.sum() > 1000
    assert (made[hidden] == 0).all()


@pytest.mark.parametrize("name", sorted(EXACT))
def test_files_become_smaller(name: str) -> None:
    assert len(encode([picture(island(secret()))], name)) < 0.7 * len(plain(island(secret()), name))


def plain(pixels: Pixels, name: str, **options: Any) -> bytes:
    """What the codec itself writes, hidden colours and all."""
    codec = codec_of(name)
    assert codec.encode
    return codec.encode(iter([picture(pixels)]), EncodeJob(EncodeOptions(**options)))


def seen_decibels(file: bytes, pixels: Pixels, where: NDArray[np.bool_]) -> float:
    """PSNR of the colours of some pixels, by Pillow's reading."""
    with Image.open(io.BytesIO(file)) as theirs:
        made = np.asarray(theirs.convert("RGB")).astype(float)
    return float(10 * np.log10(255**2 / np.mean((made - pixels[:, :, 2::-1])[where] ** 2)))


@pytest.mark.parametrize("quality", [40, 80, None])
@pytest.mark.parametrize("name", ["webp", "avif", "gif"])
def test_what_is_seen_keeps_its_quality(name: str, quality: int | None) -> None:
    """As good as beside its own background, at the very edge too, where black would darken it."""
    pixels = island(made_picture(3, 150, 120))
    where = pixels[:, :, 3] >= 128
    edge = where & (pixels[:, :, 3] < 255)
    options = {} if quality is None else {"quality": quality}
    ours, before = encode([picture(pixels)], name, EncodeOptions(**options)), plain(pixels, name, **options)
    assert seen_decibels(ours, pixels, where) > seen_decibels(before, pixels, where) - 0.3
    assert seen_decibels(ours, pixels, edge) > seen_decibels(before, pixels, edge) - 1


def test_what_the_source_hid_is_not_handed_on() -> None:
    """An empty pipeline, too, only hands out what can be seen."""
    source = io.BytesIO()
    Image.fromarray(island(secret())).save(source, "PNG")
    data = source.getvalue()
    made = encode(codecs.decode(data, codecs.probe(data, LIMITS), limits=LIMITS), "png")
    with Image.open(io.BytesIO(made)) as theirs:
        result = np.asarray(theirs)
    assert (result[result[:, :, 3] == 0] == 0).all()
