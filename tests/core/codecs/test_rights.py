"""Who made a picture, wherever its file says so: judged by what Pillow reads of the copy."""

import io
import struct
import zlib

import pytest
from imagecodecs import brotli_encode
from PIL import Image

from core import codecs
from core.codecs import EncodeOptions, exif, rights
from core.codecs.jpeg_segments import APP1, APP13, XMP, segment_bytes
from core.codecs.rights import Rights
from tests.conftest import made_picture
from tests.core.codecs.gain_map_heics import box
from tests.core.codecs.support import pillow_file, read

KEEP = EncodeOptions(keep=frozenset({"copyright"}))
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq><rdf:li>Ann &amp; '
    b"Co</rdf:li><rdf:li>Bj\xc3\xb6rn</rdf:li></rdf:Seq></dc:creator><dc:rights><rdf:Alt><rdf:li "
    b'xml:lang="x-default">\xc2\xa9 2026 Ann</rdf:li><rdf:li xml:lang="de">anders</rdf:li></rdf:Alt></dc:rights>'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
OF_PACKET = Rights("© 2026 Ann", "Ann & Co; Björn")


def _record(number: int, text: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


IIM = _record(5, b"Title") + _record(80, b"Ivy") + _record(80, "Jörg".encode("latin-1")) + _record(116, b"(c) Ivy")
OF_IIM = Rights("(c) Ivy", "Ivy; Jörg")


def _photoshop(iim: bytes) -> bytes:
    def resource(kind: int, content: bytes) -> bytes:
        head = struct.pack(">4sH2sI", b"8BIM", kind, b"\0\0", len(content))
        return head + content + bytes(len(content) % 2)

    return b"Photoshop 3.0\0" + resource(0x03ED, bytes(15)) + resource(0x0404, iim)


def _jpeg(*segments: tuple[int, bytes]) -> bytes:
    file = pillow_file("JPEG", made_picture(3, 40, 30))
    return file[:2] + b"".join(segment_bytes(*segment) for segment in segments) + file[2:]


def _png() -> bytes:
    file = pillow_file("PNG", made_picture(3, 40, 30))
    content = b"iTXtXML:com.adobe.xmp\0\0\0\0\0" + PACKET
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    return file[:33] + chunk + file[33:]


def _gif() -> bytes:
    """With the block that XMP part 3 describes: its bytes read as lengths of sub-blocks lead into a ramp down to 0."""
    file = pillow_file("GIF", made_picture(3, 40, 30))
    packet = b"\x21\xff\x0bXMP DataXMP" + PACKET + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    return file[:-1] + packet + b";"


def _jxl(*, compressed: bool) -> bytes:
    """A codestream in a container, behind its metadata."""
    told = box(b"brob", b"xml " + brotli_encode(PACKET)) if compressed else box(b"xml ", PACKET)
    stream = codecs.encode(read(_png()), "jxl")
    signature = box(b"JXL ", b"\r\n\x87\n") + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return signature + told + box(b"jxlc", stream)


def _jp2(name: bytes, content: bytes) -> bytes:
    return pillow_file("JPEG2000", made_picture(3, 40, 30)) + box(b"uuid", name + content)


_XMP, _IPTC = (bytes.fromhex(name) for name in ("be7acfcb97a942e89c71999491e3afac", "33c7a4d2b81d4723a0baf1a3e097ad38"))
FILES = {
    "gif": (_gif(), OF_PACKET),
    "jxl": (_jxl(compressed=False), OF_PACKET),
    "jxl-brotli": (_jxl(compressed=True), OF_PACKET),
    "jp2-xmp": (_jp2(_XMP, PACKET), OF_PACKET),
    "jp2-iptc": (_jp2(_IPTC, IIM), OF_IIM),
    "jp2-exif": (_jp2(b"JpgTiffExif->JP2", exif.with_rights(None, "(c) Eve", "Eve") or b""), Rights("(c) Eve", "Eve")),
    "jpeg-xmp": (_jpeg((APP1, XMP + PACKET)), OF_PACKET),
    "jpeg-iptc": (_jpeg((APP13, _photoshop(IIM))), OF_IIM),
    "jpeg-iptc-before-xmp": (_jpeg((APP1, XMP + PACKET), (APP13, _photoshop(IIM))), OF_IIM),
    "jpeg-half-iptc": (
        _jpeg((APP1, XMP + PACKET), (APP13, _photoshop(_record(80, b"Ivy")))),
        Rights(OF_PACKET.copyright, "Ivy"),
    ),
    "png": (_png(), OF_PACKET),
    "webp": (pillow_file("WEBP", made_picture(3, 40, 30), xmp=PACKET), OF_PACKET),
    "avif": (pillow_file("AVIF", made_picture(3, 40, 30), xmp=PACKET), OF_PACKET),
    "tiff": (pillow_file("TIFF", made_picture(3, 40, 30), tiffinfo={700: PACKET}), OF_PACKET),
    "tiff-iptc": (pillow_file("TIFF", made_picture(3, 40, 30), tiffinfo={33723: IIM}), OF_IIM),
}


@pytest.mark.parametrize(("file", "expected"), FILES.values(), ids=FILES.keys())
@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "tiff", "avif"])
def test_rights_come_along(file: bytes, expected: Rights, name: str) -> None:
    written = codecs.encode(read(file), name, KEEP)
    tags = Image.open(io.BytesIO(written)).getexif()
    assert [tags[tag].encode("latin-1").decode() for tag in (0x8298, 0x013B)] == list(expected)
    assert b"anders" not in written


def test_exif_names_them_first() -> None:
    block = Image.Exif()
    block[0x8298], block[0x013B] = "Exif's", "  "
    file = pillow_file("JPEG", made_picture(3, 40, 30), exif=block)
    file = file[:2] + segment_bytes(APP1, XMP + PACKET) + file[2:]
    tags = Image.open(io.BytesIO(codecs.encode(read(file), "png", KEEP))).getexif()
    assert tags[0x8298] == "Exif's"
    assert tags[0x013B].startswith("Ann")


@pytest.mark.parametrize("keep", [set(), {"exif"}, {"icc", "gps"}], ids=lambda keep: "+".join(sorted(keep)) or "none")
def test_nothing_comes_along_unasked(keep: set[str]) -> None:
    for file, _ in FILES.values():
        written = codecs.encode(read(file), "jpeg", EncodeOptions(keep=frozenset(keep)))  # type: ignore[arg-type]
        assert b"Ann" not in written
        assert b"Ivy" not in written


STRANGE = {
    "empty": b"",
    "cut": PACKET[:300],
    "without-end": b"<dc:rights>" + b"<rdf:li>" * 1000,
    "turned-round": b"</dc:rights><dc:rights>",
    "long": b"<dc:rights>" + b"<" * 70_000 + b"</rdf:li></dc:rights>",
    "too-long": bytes(2 << 20),
    "noise": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("packet", STRANGE.values(), ids=STRANGE.keys())
def test_strange_packets_are_survived(packet: bytes) -> None:
    assert isinstance(rights.of(packet, packet[:70_000]), Rights)


@pytest.mark.parametrize("length", range(0, len(_photoshop(IIM)), 5))
def test_cut_resources_are_survived(length: int) -> None:
    assert isinstance(rights.of(None, _photoshop(IIM)[:length]), Rights)
