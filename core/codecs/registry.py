"""Which formats there are. A new family is one file and its line here."""

from core.codecs import bmp, gif, heif, ico, jpeg, png, pnm, tiff, webp
from core.codecs.base import Codec, Format
from core.errors import NotAnImageError, UnknownFormatError

_FAMILIES = (heif, webp, jpeg, png, gif, tiff, bmp, pnm, ico)
"""In order of preference where a client takes several alike."""

_CODECS: dict[str, Codec] = {codec.format.name: codec for family in _FAMILIES for codec in family.CODECS}

_STILL_FIRST = ("avif", "webp", "jpeg", "png")

FORMATS: dict[str, Format] = {
    name: _CODECS[name].format for name in (*_STILL_FIRST, *(other for other in _CODECS if other not in _STILL_FIRST))
}
"""Every format by name, in order of preference."""


def sniff(data: bytes) -> str:
    """The name of the format that the bytes are in; NotAnImageError (415) where it is none of ours."""
    for name, codec in _CODECS.items():
        if codec.matches(data):
            return name
    read = ", ".join(FORMATS)
    raise NotAnImageError(f"The bytes are no picture in a format we read: {read}.", expected=read)


def codec_of(name: str) -> Codec:
    """The codec of a format that is read."""
    return _CODECS[name]


def writer_of(name: str) -> Codec:
    """The codec of a format that is written; UnknownFormatError (400) otherwise."""
    codec = _CODECS.get(name)
    if codec is None or codec.encode is None:
        raise UnknownFormatError(name, [known for known, format_ in FORMATS.items() if format_.writes])
    return codec
