"""`lossless=transcode`: an untouched JPEG as JPEG XL, and such a JPEG XL as the same JPEG again, byte for byte."""

from core.codecs import EncodeOptions
from core.codecs.jxl_jpeg import jpeg_as_jxl, jxl_as_jpeg
from core.cost import IDLE, Estimate
from core.errors import BadParameterError, CannotFitError, CannotTranscodeError
from core.picture import Origin
from core.pipeline import Pipeline

TRANSCODE = "transcode"
PAIRS = {"jxl": "jpeg", "jpeg": "jxl"}
"""The format of the source by that of the result."""
_PLAIN = ("quality", "progressive", "chroma", "keep", "profile", "depth")
"""Options that would change what is carried over as it is."""
_PIXEL, _BYTE, _FIXED = {"jxl": 45.0, "jpeg": 22.0}, {"jxl": 320.0, "jpeg": 150.0}, 1e-3
_MEMORY_PIXEL, _MEMORY_BYTE, _MEMORY_FIXED = 24, 12, 8 << 20


def transcodes(options: EncodeOptions) -> bool:
    """Whether the file itself is wanted in the other format, not its pixels."""
    return options.lossless == TRANSCODE


def _check(pipeline: Pipeline, name: str, options: EncodeOptions, origin: Origin) -> None:
    """Refuse what cannot be carried over."""
    if name not in PAIRS:
        raise BadParameterError("format", "jxl or jpeg with lossless=transcode", name)
    if pipeline.steps:
        raise BadParameterError("pipeline", "empty with lossless=transcode", pipeline.canonical)
    plain = EncodeOptions()
    for option in _PLAIN:
        if getattr(options, option) != getattr(plain, option):
            raise BadParameterError(option, "left out with lossless=transcode", getattr(options, option))
    if origin.format != PAIRS[name]:
        detail = (
            f"lossless=transcode makes {name.upper()} of {PAIRS[name].upper()}, and this is {origin.format.upper()}."
        )
        raise CannotTranscodeError(detail, expected=PAIRS[name], got=origin.format)


def transcoding(pipeline: Pipeline, name: str, options: EncodeOptions, origin: Origin) -> Estimate:
    """What it costs; the way back, by which each JPEG XL is checked, is part of it.

    Errors: bad_parameter (400), cannot_transcode (415).
    """
    _check(pipeline, name, options, origin)
    pixels = origin.size.pixels
    work = (_PIXEL[name] * pixels + _BYTE[name] * origin.nbytes) * 1e-9 * IDLE + _FIXED
    memory = _MEMORY_PIXEL * pixels + _MEMORY_BYTE * origin.nbytes + _MEMORY_FIXED
    return Estimate(work=work, memory=memory)


def transcoded(data: bytes, name: str, options: EncodeOptions, origin: Origin) -> bytes:
    """The file in the other format. Errors: cannot_transcode (415), cannot_fit (422)."""
    made = jpeg_as_jxl(data, options.effort) if name == "jxl" else jxl_as_jpeg(data, origin.size.pixels)
    if options.max_bytes is not None and len(made) > options.max_bytes:
        detail = f"The file takes {len(made)} bytes, more than {options.max_bytes}, and loses nothing."
        raise CannotFitError(detail, parameter="max_bytes", got=options.max_bytes, smallest=len(made))
    return made
