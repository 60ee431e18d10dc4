"""The fuzzer's seeds: real and hostile files, every filter's example, and a dictionary."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from core import codecs
from core.codecs import EncodeOptions
from core.codecs.jxl_jpeg import jpeg_as_jxl
from core.errors import DarkroomError
from core.picture import Origin, Picture, Size
from core.pipeline import Pipeline
from core.registry import filters
from tools import format_samples

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
_FOLDERS = ("formats", "hostile", "exif", "more/avif-libavif", "more/heif-pillow")
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
    b"ftypheic",
    b"hvcC",
    b"ispe",
    b"II*\0",
    b"MM\0*",
    b"II+\0\x08\0\0\0",
    b"BM",
    b"\0\0\1\0\1\0",
    b"P7\nWIDTH ",
    b"cICP",
    b"tRNS",
    b"NETSCAPE2.0",
    b"ANMF",
    b"\xff\x0a",
    b"JXL \r\n\x87\n",
    b"jxlc",
    b"jbrd",
    b"jP  \r\n\x87\n",
    b"Lerc2 ",
    b"tmap",
    b"\xff\x4f\xff\x51",
)


def plant(target: str, folder: Path, only: str = "") -> Path:
    """A folder with the seeds of a target, of pictures those of one format if it is named."""
    corpus = folder / "corpus"
    corpus.mkdir()
    made = [*(sample.file for sample in format_samples.samples()), *_jxls()] if target == "decode" else _pipelines()
    for number, data in enumerate(made):
        if not only or _format(data) == only:
            (corpus / f"made-{number}").write_bytes(data)
    if target == "decode":
        for source in (path for part in _FOLDERS for path in sorted((DATA / part).rglob("*.*"))):
            if _is_seed(source) and (not only or _format(source.read_bytes()) == only):
                shutil.copyfile(source, corpus / f"{source.parent.name}-{source.name}")
    return corpus


def _jxls() -> Iterator[bytes]:
    """JPEG XL that moves, and that was a JPEG."""
    pixels = np.random.default_rng(1).integers(0, 255, (16, 24, 3), np.uint8)
    origin = Origin(format="png", size=Size(24, 16))
    frames = [Picture(pixels=np.roll(pixels, 3 * number, 1), origin=origin) for number in range(3)]
    for options in (EncodeOptions(), EncodeOptions(lossless=True)):
        yield codecs.encode(frames, "jxl", options)
    yield jpeg_as_jxl(cv2.imencode(".jpg", pixels)[1].tobytes(), None)


def _is_seed(source: Path) -> bool:
    return source.is_file() and source.stat().st_size <= MOST_BYTES and "models" not in source.parts


def _format(data: bytes) -> str:
    try:
        return codecs.sniff(data)
    except DarkroomError:
        return ""


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
