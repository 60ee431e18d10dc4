"""Bytes to `Picture`s and back. One file per family of formats; nothing here trusts a name or a header."""

from core.codecs.base import DecodeHints, EncodeOptions, Format
from core.codecs.reading import decode, decoded_channels, decoding, effective, probe, refuse_long
from core.codecs.registry import FORMATS, sniff
from core.codecs.stripping import can_strip, stripped, stripping
from core.codecs.writing import encode, encoding

__all__ = [
    "FORMATS",
    "DecodeHints",
    "EncodeOptions",
    "Format",
    "can_strip",
    "decode",
    "decoded_channels",
    "decoding",
    "effective",
    "encode",
    "encoding",
    "probe",
    "refuse_long",
    "sniff",
    "stripped",
    "stripping",
]
