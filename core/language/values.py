"""The kinds of values that parameters have beside numbers, switches and words.

Each kind reads its text (`parse`), writes it canonically (`str`) and says what it is (`EXPECTED`, `SCHEMA`), so that
a filter never sees a string that it must interpret.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from msgspec import Meta


class Value(Protocol):
    """A kind of parameter value with a text form."""

    EXPECTED: ClassVar[str]
    SCHEMA: ClassVar[dict[str, Any]]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form; raise ValueError if it is invalid."""
        ...


def number_text(value: float) -> str:
    """The shortest text that reads back as the same number: 15.0 is `15`."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z", re.ASCII)
_HEX = re.compile(r"#?((?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}))\Z")
_RGB = re.compile(r"rgba?\(\s*(.{1,80}?)\s*\)\Z", re.IGNORECASE)
_SHARE = re.compile(r"(\d{1,3}(?:\.\d{0,6})?|\.\d{1,6})(%?)\Z", re.ASCII)
_TILES = re.compile(r"([1-9]\d?)(?:x([1-9]\d?))?\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z", re.ASCII)


def read_number(text: str) -> float:
    """A finite decimal number; ValueError for NaN, infinities, digits of other scripts and anything else."""
    if not _NUMBER.match(text) or not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


@dataclass(frozen=True, slots=True)
class Color:
    """An sRGB colour, 0 to 255 each; canonical text is hex without `#`: `ff8800`, `ff880080`."""

    red: int
    green: int
    blue: int
    alpha: int = 255

    EXPECTED: ClassVar[str] = "a colour: hex digits (f80, ff8800, ff880080), rgb(255,136,0) or a name of CSS (orange)"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": "^([0-9a-fA-F]{3}|[0-9a-fA-F]{4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$",
        "x-kind": "color",
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what CSS Color 4 has: hex digits with or without `#` (§5.2), `rgb()` (§5.1) and names (§6.1)."""
        if found := _HEX.match(text):
            digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])
            return cls(*bytes.fromhex(digits))
        if found := _RGB.match(text):
            return cls(*_channels(re.split(r"[\s,/]+", found[1])))
        return cls(*_named_color(text.lower()))

    def __str__(self) -> str:
        """Lower-case rrggbb, and aa where it is not opaque."""
        return bytes((self.red, self.green, self.blue) + ((self.alpha,) if self.alpha < 255 else ())).hex()

    @property
    def neutral(self) -> bool:
        """Whether it is a grey."""
        return self.red == self.green == self.blue

    @property
    def bgr(self) -> tuple[int, int, int]:
        """Blue, green, red: OpenCV's order."""
        return (self.blue, self.green, self.red)

    @property
    def bgra(self) -> tuple[int, int, int, int]:
        """Blue, green, red, alpha: OpenCV's order."""
        return (self.blue, self.green, self.red, self.alpha)


def _channels(texts: list[str]) -> list[int]:
    """Red, green and blue, 0 to 255 or percent, and where there is a fourth, alpha, 0 to 1 or percent."""
    if len(texts) not in {3, 4}:
        raise ValueError(texts)
    wholes = (255, 255, 255, 1)
    return [round(255 * _share(text, whole)) for text, whole in zip(texts, wholes, strict=False)]


def _share(text: str, whole: int) -> float:
    """A part of `whole`, or percent, as 0 to 1."""
    found = _SHARE.match(text)
    if not found or (share := float(found[1]) / (100 if found[2] else whole)) > 1:
        raise ValueError(text)
    return share


def _named_color(name: str) -> tuple[int, ...]:
    """A colour that CSS names. ValueError."""
    if not name.isascii() or not name.isalpha():
        raise ValueError(name)
    from PIL import ImageColor

    if name == "transparent":
        return (0, 0, 0, 0)
    if name not in ImageColor.colormap:
        raise ValueError(name)
    return ImageColor.getrgb(name)


WHITE = Color(255, 255, 255)
BLACK = Color(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Length:
    """A length in pixels (`120`) or in percent of the picture's side (`50p`)."""

    amount: float
    percent: bool = False

    EXPECTED: ClassVar[str] = "a length in pixels (120) or percent (50p)"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^[+-]?([0-9]{1,7}(\.[0-9]{0,6})?|\.[0-9]{1,6})p?$",
        "x-kind": "length",
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number with or without `p`; `%` means the same."""
        percent = text.endswith(("p", "%"))
        amount = read_number(text[:-1] if percent else text)
        if abs(amount) > 1e7:
            raise ValueError(text)
        return cls(amount + 0.0, percent)

    def __str__(self) -> str:
        """Canonical text."""
        return number_text(self.amount) + ("p" if self.percent else "")

    def of(self, whole: int) -> float:
        """The length in pixels, for a side of `whole` pixels."""
        return self.amount * whole / 100 if self.percent else self.amount


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the picture, `x:y`, each in pixels or percent: `10:20`, `50p:50p`."""

    x: Length
    y: Length

    EXPECTED: ClassVar[str] = "a point x:y in pixels (10:20) or percent (50p:50p)"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^[+-]?([0-9]{1,7}(\.[0-9]{0,6})?|\.[0-9]{1,6})p?:[+-]?([0-9]{1,7}(\.[0-9]{0,6})?|\.[0-9]{1,6})p?$",
        "x-kind": "point",
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read two lengths."""
        x, y = text.split(":")
        return cls(Length.parse(x), Length.parse(y))

    def __str__(self) -> str:
        """Canonical text."""
        return f"{self.x}:{self.y}"

    def of(self, width: int, height: int) -> tuple[float, float]:
        """The point in pixels."""
        return (self.x.of(width), self.y.of(height))


@dataclass(frozen=True, slots=True)
class Aspect:
    """A ratio of width to height: `16:9`."""

    width: float
    height: float

    EXPECTED: ClassVar[str] = "an aspect width:height (16:9), between 1:100 and 100:1"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^[1-9][0-9]{0,4}(\.[0-9]{0,6})?:[1-9][0-9]{0,4}(\.[0-9]{0,6})?$",
        "x-kind": "aspect",
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read two positive numbers."""
        width, height = (read_number(part) for part in text.split(":"))
        if not (0 < width <= 1e5 and 0 < height <= 1e5 and 0.01 <= width / height <= 100):
            raise ValueError(text)
        return cls(width, height)

    def __str__(self) -> str:
        """Canonical text."""
        return f"{number_text(self.width)}:{number_text(self.height)}"

    @property
    def ratio(self) -> float:
        """Width divided by height."""
        return self.width / self.height


@dataclass(frozen=True, slots=True)
class Tiles:
    """Windows of a picture, one beside another: `4x2`, `4` along the longer side, `auto`; `1` is the whole picture.

    `across` is 0 for `auto`, `down` 0 where only the longer side's number is given.
    """

    across: int
    down: int = 0

    MOST: ClassVar[int] = 64
    EXPECTED: ClassVar[str] = (
        "auto, a number of windows along the longer side (4), or across and down (4x2), at most 64"
    )
    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": "^(auto|[1-9][0-9]?(x[1-9][0-9]?)?)$",
        "x-kind": "tiles",
    }

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `auto`, a number, or two with an x between."""
        if text == "auto":
            return cls(0)
        found = _TILES.match(text)
        across, down = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
        if not 1 <= across * max(down, 1) <= cls.MOST:
            raise ValueError(text)
        return cls(1) if (across, down) == (1, 1) else cls(across, down)

    def __str__(self) -> str:
        """Canonical text."""
        return f"{self.across or 'auto'}" + (f"x{self.down}" if self.down else "")


class _Name(str):
    """The name of something in the request beside its picture; never a path or a URL."""

    __slots__ = ()

    EXPECTED: ClassVar[str] = "a name of letters, digits, _ . and -"
    SCHEMA: ClassVar[dict[str, Any]] = {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"}

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name; it cannot leave its folder."""
        if not _NAME.match(text) or ".." in text:
            raise ValueError(text)
        return cls(text)


class PictureName(_Name):
    """The name of a second picture; a filter that takes one gets the decoded `Picture`."""

    SCHEMA: ClassVar[dict[str, Any]] = {**_Name.SCHEMA, "x-kind": "picture"}


class FileName(_Name):
    """The name of a file that is not a picture, such as a .cube table; a filter that takes one gets its `bytes`."""

    SCHEMA: ClassVar[dict[str, Any]] = {**_Name.SCHEMA, "x-kind": "file"}


class ModelName(_Name):
    """The name of a model in the manifest; every vision step takes one."""

    EXPECTED: ClassVar[str] = "the name of a model"
    SCHEMA: ClassVar[dict[str, Any]] = {**_Name.SCHEMA, "x-kind": "model"}


VALUE_TYPES: tuple[type[Any], ...] = (Color, Length, Point, Aspect, Tiles, PictureName, FileName, ModelName)


def ranged(low: float, high: float, description: str, **schema: Any) -> Meta:
    """Meta of a number from `low` to `high`; the description says the unit."""
    return Meta(ge=low, le=high, description=description, extra_json_schema=schema or None)


def odd(low: int, high: int, description: str) -> Meta:
    """Meta of an odd whole number, such as the side of a kernel that has a middle pixel."""
    return Meta(ge=low, le=high, description=description, extra_json_schema={"not": {"multipleOf": 2}})


def doc(description: str) -> Meta:
    """Meta of a parameter that needs no bounds."""
    return Meta(description=description)
