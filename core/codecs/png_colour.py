"""What the chunks of a PNG say about colour. Source: W3C PNG (third edition), 4.3 and 11.3.2.

Of several the first of cICP, iCCP, sRGB and gAMA with cHRM counts. A profile that is not of the colour type, and code
points of which one says nothing, or of a narrow range, are as good as absent; so is cHRM without gAMA, as in browsers.
"""

import struct
import zlib
from collections.abc import Mapping
from typing import NamedTuple

from core.codecs import cicp, icc

CHUNKS = frozenset((b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"))

_RGB_OF_FULL_RANGE, _UNSPECIFIED = b"\0\1", 2
_INFLATED, _MOST_DEFLATED = 1 << 18, 8
"""A profile that inflates further than this, in bytes and bytes a byte, is made for the work, not for its colours."""


class Colour(NamedTuple):
    """The profile of the pixels, or primaries and transfer where that is PQ or HLG; neither where they are sRGB."""

    icc: bytes | None = None
    hdr: tuple[int, int] | None = None


def colour(found: Mapping[bytes, bytes], *, grey: bool) -> Colour:
    """What the chunks come to; `grey` for the colour types 0 and 4."""
    coded = found.get(b"cICP", b"")
    if len(coded) >= 4 and coded[2:4] == _RGB_OF_FULL_RANGE and _UNSPECIFIED not in coded[:2]:
        primaries, transfer = coded[0], coded[1]
        if transfer in {cicp.PQ, cicp.HLG}:
            return Colour(hdr=(primaries, transfer))
        if cicp.code_points(primaries, transfer):
            return Colour(cicp.of_code_points(primaries, transfer, grey=grey, video=cicp.BT_1886))
    profile = _profile(found.get(b"iCCP"))
    if icc.channels(profile) == (1 if grey else 3):
        return Colour(profile)
    if b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
        return Colour()
    (gamma,) = struct.unpack(">I", found[b"gAMA"])
    corners = found.get(b"cHRM", b"")
    return Colour(cicp.of_gamma(gamma, struct.unpack(">8I", corners) if len(corners) == 32 else None, grey=grey))


def _profile(content: bytes | None) -> bytes | None:
    """The profile, inflated no further than any real one goes."""
    if not content:
        return None
    name, _, packed = content.partition(b"\0")
    inflater = zlib.decompressobj()
    try:
        profile = inflater.decompress(packed[1:], min(icc.MAX_BYTES, _INFLATED + _MOST_DEFLATED * len(packed)))
    except zlib.error:
        return None
    return profile if inflater.eof and len(name) < 80 else None
