"""Bytes to `Picture`s and back. One file per family of formats; nothing here trusts a name or a header."""

from core.codecs.base import Colours, DecodeHints, EncodeOptions, Format
from core.codecs.reading import decode, decoded_channels, decoding, detail, effective, probe, reads_deep, refuse_long
from core.codecs.registry import FORMATS, sniff
from core.codecs.stripping import can_strip, stripped, stripping
from core.codecs.writing import colours_for, encode, encoding, writes_deep

__all__ = [
    "FORMATS",
    "Colours",
    "DecodeHints",
    "EncodeOptions",
    "Format",
    "can_strip",
    "colours_for",
    "decode",
    "decoded_channels",
    "decoding",
    "detail",
    "effective",
    "encode",
    "encoding",
    "probe",
    "reads_deep",
    "refuse_long",
    "sniff",
    "stripped",
    "stripping",
    "writes_deep",
]
