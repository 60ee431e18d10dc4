"""The pipeline's text, without knowing any filter: text to raw steps, and values to text.

    pipeline = step *("/" step)        step = name [":" arg *("," arg)]        arg = [key "="] value

The text has been URL-decoded exactly once. Inside a value, `/ , = + %` and space are written `%XX`, which is decoded
after splitting; only the first `:` of a step separates. Two things that people type are understood as they stand: a
percent sign behind a digit (`50%`), and a colour such as `rgb(255,136,0)`.
"""

import re
from urllib.parse import unquote_to_bytes

import msgspec

from core.errors import PipelineSyntaxError

_STEP = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}\Z", re.ASCII)
"""What may be a name. Whether it is one of ours is asked later, where the nearest one can be told."""
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PERCENT = re.compile(r"(?<=[0-9])%(?![0-9A-Fa-f]{2})", re.ASCII)
_COLOR = re.compile(r"(?<![^,=:+ ])rgba?\([0-9.,%+/ -]{1,80}\)", re.ASCII | re.IGNORECASE)
_RESERVED = "/,=+% "


class RawStep(msgspec.Struct, frozen=True):
    """A step as written: positional values (None for an empty one) and named values, both still quoted."""

    name: str
    positional: tuple[str | None, ...] = ()
    named: dict[str, str] = {}


def parse(text: str) -> tuple[RawStep, ...]:
    """Raw steps of a pipeline's text; an empty text has none. PipelineSyntaxError (400) says which step is wrong."""
    text = _COLOR.sub(lambda color: re.sub("[,+/ ]", lambda found: f"%{ord(found[0]):02X}", color[0]), text)
    return tuple(_step(part, index) for index, part in enumerate(text.split("/"), 1)) if text else ()


def quote(value: str) -> str:
    """A value with the grammar's own characters written `%XX`."""
    return "".join(f"%{ord(char):02X}" if char in _RESERVED or ord(char) < 32 else char for char in value)


def unquote(value: str, where: str) -> str:
    """The inverse of `quote`; other characters may be escaped too (RFC 3986, §2.1), as UTF-8."""
    value = _PERCENT.sub("%25", value)
    if _ESCAPE.search(value):
        raise PipelineSyntaxError(f'A % in "{where}" is not followed by two hex digits; write a literal % as %25.')
    try:
        return unquote_to_bytes(value).decode("utf-8") if "%" in value else value
    except UnicodeError:
        raise PipelineSyntaxError(f'The %-escapes in "{where}" are not UTF-8.') from None


def _step(part: str, index: int) -> RawStep:
    if not part:
        raise PipelineSyntaxError(f"Step {index} is empty; steps are joined by single slashes.")
    name, colon, arguments = part.partition(":")
    if not _STEP.match(name):
        raise PipelineSyntaxError(f'Step {index} begins with "{name[:40]}", which is not a valid filter name.')
    positional: list[str | None] = []
    named: dict[str, str] = {}
    for argument in arguments.split(",") if colon else []:
        _argument(argument, name, positional, named)
    return RawStep(name, tuple(positional), named)


def _argument(argument: str, step: str, positional: list[str | None], named: dict[str, str]) -> None:
    key, equals, value = argument.partition("=")
    if not equals:
        if named and argument:
            raise PipelineSyntaxError(f'In "{step}", "{argument[:40]}" follows a named argument and must be named too.')
        positional.append(argument or None)
        return
    if not _NAME.match(key):
        raise PipelineSyntaxError(f'In "{step}", "{key[:40]}" is not a valid parameter name.')
    if "=" in value:
        raise PipelineSyntaxError(f'In "{step}", write a = inside the value of "{key}" as %3D.')
    if key in named:
        raise PipelineSyntaxError(f'"{step}" has the parameter "{key}" twice.')
    named[key] = value
