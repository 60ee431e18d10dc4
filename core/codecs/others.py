"""Kinds of files that are not read, so that they can be refused by name. Sources: their specifications' signatures."""

import re

JPEG_XL = "a JPEG XL image"
_SIGNATURES = (
    (b"%PDF-", 0, "a PDF document"),
    (b"\xff\x0a", 0, JPEG_XL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", 0, JPEG_XL),
    (b"\0\0\0\x0cjP  \r\n\x87\n", 0, "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", 0, "a JPEG 2000 image"),
    (b"\xff\xd8\xff\xf7", 0, "a JPEG-LS image"),
    (b"8BPS", 0, "a Photoshop document"),
    (b"v/1\x01", 0, "an OpenEXR image"),
    (b"#?RADIANCE", 0, "a Radiance HDR image"),
    (b"#?RGBE", 0, "a Radiance HDR image"),
    (b"qoif", 0, "a QOI image"),
    (b"DDS ", 0, "a DirectDraw Surface"),
    (b"\xabKTX ", 0, "a KTX texture"),
    (b"SIMPLE  =", 0, "a FITS image"),
    (b"gimp xcf", 0, "a GIMP document"),
    (b"icns", 0, "an Apple icon (ICNS)"),
    (b"BPG\xfb", 0, "a BPG image"),
    (b"FLIF", 0, "a FLIF image"),
    (b"II\xbc\x01", 0, "a JPEG XR image"),
    (b"\x0a\x05\x01", 0, "a PCX image"),
    (b"PF\n", 0, "a portable float map (PFM)"),
    (b"Pf\n", 0, "a portable float map (PFM)"),
    (b"%!PS", 0, "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", 0, "a PostScript document"),
    (b"\xd7\xcd\xc6\x9a", 0, "a Windows metafile"),
    (b"FUJIFILMCCD-RAW", 0, "a camera's raw file"),
    (b"IIU\0", 0, "a camera's raw file"),
    (b"IIRO", 0, "a camera's raw file"),
    (b"ftypcrx ", 4, "a camera's raw file"),
    (b"ftypjxl", 4, JPEG_XL),
    (b"ftypqt  ", 4, "a film"),
    (b"ftypmp4", 4, "a film"),
    (b"ftypisom", 4, "a film"),
    (b"\x1aE\xdf\xa3", 0, "a film"),
    (b"\x1f\x8b\x08", 0, "a compressed file (gzip; an SVGZ is one)"),
    (b"PK\x03\x04", 0, "a ZIP archive"),
)
_SVG = re.compile(rb"<(?:[A-Za-z]{1,16}:)?svg[\s/>]")
_HTML = re.compile(rb"(?i)<(?:!doctype\s+html|html)[\s>]")
_LOOKED_AT = 4096


def kind_of(data: bytes) -> str:
    """What the bytes are, with its article; empty where nobody knows."""
    for signature, place, kind in _SIGNATURES:
        if data.startswith(signature, place):
            return kind
    head = data[:_LOOKED_AT].replace(b"\0", b"")  # UTF-16, as far as it is ASCII
    if _SVG.search(head):
        return "an SVG drawing"
    return "an HTML page" if _HTML.search(head) else ""


def named_kinds() -> list[str]:
    """All kinds that are told by name, each once."""
    return [*dict.fromkeys(kind for _, _, kind in _SIGNATURES), "an SVG drawing", "an HTML page"]
