"""Bytes to `Picture`s and back. One file per family of formats; nothing here trusts a name or a header."""

from core.codecs.base import Colours, DecodeHints, EncodeOptions, Format
from core.codecs.reading import decode, decoded_channels, decoding, effective, probe, refuse_long
from core.codecs.registry import FORMATS, sniff
from core.codecs.writing import encode, encoding

__all__ = [
    "FORMATS",
    "Colours",
    "DecodeHints",
    "EncodeOptions",
    "Format",
    "decode",
    "decoded_channels",
    "decoding",
    "effective",
    "encode",
    "encoding",
    "probe",
    "refuse_long",
    "sniff",
]
