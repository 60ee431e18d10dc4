"""The former place of `core.language.values`, which operators' own filters import; it works until version 0.3."""

import warnings

from core.language.values import (
    BLACK,
    VALUE_TYPES,
    WHITE,
    Aspect,
    Color,
    FileName,
    Length,
    ModelName,
    PictureName,
    Point,
    Tiles,
    Value,
    doc,
    number_text,
    odd,
    ranged,
    read_number,
)

__all__ = [
    "BLACK",
    "VALUE_TYPES",
    "WHITE",
    "Aspect",
    "Color",
    "FileName",
    "Length",
    "ModelName",
    "PictureName",
    "Point",
    "Tiles",
    "Value",
    "doc",
    "number_text",
    "odd",
    "ranged",
    "read_number",
]

warnings.warn(
    "core.values has moved to core.language.values; it works until version 0.3", DeprecationWarning, stacklevel=2
)
