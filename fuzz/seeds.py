"""The fuzzer's seeds: real and hostile files, every filter's example, and a dictionary."""

import json
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions
from core.codecs.jxl_jpeg import jpeg_as_jxl
from core.picture import Origin, Picture, Pixels, Size
from core.pipeline import Pipeline
from core.registry import filters

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
MOST_BYTES = 64 * 1024
_MAGIC = (
    b"\xff\xd8\xff\xe0",
    b"\x89PNG\r\n\x1a\n",
    b"IHDR",
    b"acTL",
    b"fdAT",
    b"GIF89a",
    b"RIFF",
    b"WEBPVP8X",
    b"ftypavif",
    b"ispe",
    b"\xff\x0a",
    b"JXL \r\n\x87\n",
    b"jxlc",
    b"jbrd",
    b"jP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)


def plant(target: str, folder: Path) -> Path:
    """A folder with the seeds of a target."""
    corpus = folder / "corpus"
    corpus.mkdir()
    made = _pictures() if target == "decode" else _pipelines()
    for number, data in enumerate(made):
        (corpus / f"made-{number}").write_bytes(data)
    if target == "decode":
        for source in (path for part in ("formats", "hostile", "exif") for path in sorted((DATA / part).rglob("*.*"))):
            if source.is_file() and source.stat().st_size <= MOST_BYTES and "models" not in source.parts:
                shutil.copyfile(source, corpus / f"{source.parent.name}-{source.name}")
    return corpus


def _pictures() -> list[bytes]:
    """A small picture in each format that OpenCV writes: seeds if the shared pictures are absent."""
    pixels = np.random.default_rng(1).integers(0, 255, (16, 24, 3), np.uint8)
    made = [cv2.imencode(suffix, pixels)[1].tobytes() for suffix in (".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm")]
    return [*made, _jpeg_2000(pixels), *_jxls(pixels)]


def _jpeg_2000(pixels: Pixels) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG2000")
    return file.getvalue()


def _jxls(pixels: Pixels) -> Iterator[bytes]:
    """JPEG XL of pixels, with losses and without, moving, and of a JPEG."""
    frames = [
        Picture(pixels=np.roll(pixels, 3 * n, 1), origin=Origin(format="png", size=Size(24, 16))) for n in range(3)
    ]
    for options in (EncodeOptions(), EncodeOptions(lossless=True)):
        for count in (1, 3):
            yield codecs.encode(frames[:count], "jxl", options)
    yield jpeg_as_jxl(cv2.imencode(".jpg", pixels)[1].tobytes(), None)


def _pipelines() -> list[bytes]:
    known = [Pipeline.parse(entry.example) for entry in filters().values()]
    texts = [pipeline.canonical for pipeline in known]
    return [text.encode() for text in texts] + [json.dumps(pipeline.to_json(full=True)).encode() for pipeline in known]


def dictionary(folder: Path) -> Path:
    """A libFuzzer dictionary: the grammar's signs, the names of filters and parameters, the marks of formats."""
    names = {entry.name for entry in filters().values()}
    names |= {parameter.name for entry in filters().values() for parameter in entry.parameters}
    words = [word.encode() for word in ("/", ":", ",", "=", "%2F", "50p", "16:9", '"filter"', *sorted(names))] + [
        *_MAGIC
    ]
    path = folder / "words"
    path.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words))
    return path
