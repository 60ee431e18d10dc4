import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.codecs import FORMATS, EncodeOptions, encode, png, sniff
from core.codecs.base import Header
from core.codecs.registry import registered
from core.errors import NotAnImageError, UnknownFormatError
from core.picture import Size
from tests.conftest import made_picture
from tests.core.codecs.support import first, picture, pillow_file, read

SHIPPED = ("jxl", "avif", "webp", "jpeg", "png", "apng", "gif", "tiff", "bmp", "pnm", "heic", "ico")


def test_formats_in_order_of_preference() -> None:
    assert set(SHIPPED) <= set(FORMATS)
    assert [name for name in FORMATS if name in SHIPPED[:5]] == ["jxl", "avif", "webp", "jpeg", "png"]


def test_what_is_written_and_what_moves() -> None:
    written = {name for name in SHIPPED if FORMATS[name].writes}
    assert written == {"jpeg", "png", "apng", "gif", "webp", "tiff", "avif", "jxl"}
    assert {name for name in SHIPPED if FORMATS[name].animates} == {"gif", "webp", "apng", "jxl", "avif"}
    assert all(FORMATS[name].reads for name in SHIPPED)


def test_options_are_fields_of_encode_options() -> None:
    assert {option for f in FORMATS.values() for option in f.options} <= set(EncodeOptions.__struct_fields__)


def test_extensions_are_distinct() -> None:
    extensions = [extension for f in FORMATS.values() for extension in f.extensions]
    assert len(extensions) == len(set(extensions))


def test_two_codecs_of_one_format() -> None:
    other = png.CODECS[1]._replace(header=lambda _: Header(size=Size(1, 1)))
    with pytest.raises(TypeError) as raised:
        registered([*png.CODECS, other])
    assert str(raised.value) == f'The format "png" is registered twice: in core.codecs.png and {__name__}.'


NO_PICTURES = {
    "text": b"Hello, this is a text file.\n" * 20,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "svg-with-declaration": b'<?xml version="1.0"?><svg/>',
    "pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"0" * 99,
    "qoi": b"qoif\0\0\0\5\0\0\0\5\4\0" + b"0" * 20,
    "tga": b"\0\0\2\0\0\0\0\0\0\0\0\0\4\0\4\0\x18\0" + b"0" * 48,
    "mp4": b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + b"0" * 48,
    "wave": b"RIFF\x24\0\0\0WAVEfmt " + b"0" * 40,
    "zip": b"PK\3\4" + b"0" * 60,
    "one-byte": b"\xff",
    "zeros": bytes(1000),
    "bm-word": b"BMW is a car maker, not a bitmap",
    "p-word": b"P9 is a letter and a digit",
    "jpeg-xr": b"II\xbc\x01" + b"0" * 60,
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(NotAnImageError) as caught:
        sniff(data)
    assert caught.value.code == "not_an_image"
    assert caught.value.status == 415


NAMED = {
    "svg": "an SVG drawing",
    "svg-with-declaration": "an SVG drawing",
    "pdf": "a PDF document",
    "qoi": "a QOI image",
    "mp4": "a film",
    "zip": "a ZIP archive",
    "jpeg-xr": "a JPEG XR image",
}


@pytest.mark.parametrize(("name", "kind"), NAMED.items())
def test_what_it_is_instead_is_said(name: str, kind: str) -> None:
    with pytest.raises(NotAnImageError, match=kind):
        sniff(NO_PICTURES[name])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_drawing_in_any_encoding(encoding: str) -> None:
    text = '<?xml version="1.0"?>\n<!-- a comment -->\n<s:svg xmlns:s="http://www.w3.org/2000/svg"/>'
    with pytest.raises(NotAnImageError, match="SVG"):
        sniff(text.encode(encoding))


FILES = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "tiff": "TIFF", "bmp": "BMP", "pnm": "PPM"}
FILES |= {"avif": "AVIF", "ico": "ICO"}


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_sniffs_by_content(name: str, file: str) -> None:
    assert sniff(pillow_file(file)) == name


def test_sniffs_heic(data: Path) -> None:
    assert sniff((data / "formats/heic/example.heic").read_bytes()) == "heic"


@pytest.mark.parametrize("name", ["heic", "bmp", "jpg", "", "../png"])
def test_unknown_format_is_named(name: str) -> None:
    with pytest.raises(UnknownFormatError) as caught:
        encode([picture(made_picture(3))], name)
    assert caught.value.fields["parameter"] == "format"
    assert caught.value.fields["got"] == name


def test_pillow_stays_as_it_was() -> None:
    """Its guard against bombs is global, and somebody else's."""
    before = Image.MAX_IMAGE_PIXELS
    for file in FILES.values():
        read(pillow_file(file))
    assert before == Image.MAX_IMAGE_PIXELS


def test_threads_do_not_disturb_each_other() -> None:
    files = [pillow_file(file) for file in FILES.values()]
    expected = [first(file) for file in files]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert all(map(np.array_equal, pool.map(first, files), expected))


def test_import_brings_no_heavy_library(root: Path) -> None:
    code = "import sys, core.codecs; print([name for name in ('PIL', 'pi_heif', 'imagecodecs') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
