"""Which formats there are. A new family is one file and its line here."""

from collections.abc import Iterable

from core.codecs import bmp, gif, heif, ico, jp2, jpeg, jxl, libjxl, png, pnm, tiff, webp
from core.codecs.base import Codec, Format
from core.codecs.others import JPEG_XL, kind_of
from core.errors import NotAnImageError, UnknownFormatError

_FAMILIES = (heif, webp, jpeg, png, gif, tiff, bmp, pnm, ico, jp2, *((jxl,) if libjxl.installed() else ()))


def registered(codecs: Iterable[Codec]) -> dict[str, Codec]:
    """Codecs by the names of their formats, in the order in which they are tried. TypeError if a name is taken."""
    found: dict[str, Codec] = {}
    for codec in codecs:
        other = found.setdefault(codec.format.name, codec)
        if other is not codec:
            where = f"{other.header.__module__} and {codec.header.__module__}"
            raise TypeError(f'The format "{codec.format.name}" is registered twice: in {where}.')
    return found


_CODECS = registered(codec for family in _FAMILIES for codec in family.CODECS)

FORMATS: dict[str, Format] = {
    codec.format.name: codec.format for codec in sorted(_CODECS.values(), key=lambda codec: codec.format.preference)
}
"""Every format by name, in order of preference where a client accepts several equally."""


def sniff(data: bytes) -> str:
    """The name of the format that the bytes are in; NotAnImageError (415) if no codec reads it."""
    for name, codec in _CODECS.items():
        if codec.matches(data):
            return name
    read = ", ".join(FORMATS)
    kind = kind_of(data)
    if kind == JPEG_XL and not libjxl.installed():
        raise NotAnImageError(f"The bytes are {kind}; {libjxl.MISSING}. Supported are {read}.", expected=read)
    if kind:
        raise NotAnImageError(f"The bytes are {kind}, which is not supported; supported are {read}.", expected=read)
    raise NotAnImageError(f"The bytes are not an image in a supported format: {read}.", expected=read)


def codec_of(name: str) -> Codec:
    """The codec of a format that is read."""
    return _CODECS[name]


def writer_of(name: str) -> Codec:
    """The codec of a format that is written; UnknownFormatError (400) otherwise."""
    codec = _CODECS.get(name)
    if codec is None or codec.encode is None:
        raise UnknownFormatError(name, [known for known, format_ in FORMATS.items() if format_.writes])
    return codec
