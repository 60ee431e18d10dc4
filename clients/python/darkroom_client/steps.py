"""Steps of a pipeline as text, with values escaped."""

from collections.abc import Iterable

_RESERVED = "/,=+% "


def step(name: str, **arguments: str | float | Iterable[str] | None) -> str:
    """`name:key=value,key=value`. None and empty lists are left out; lists are joined by +."""
    given = {key: _text(value) for key, value in arguments.items() if value is not None}
    joined = ",".join(f"{key}={text}" for key, text in given.items() if text)
    return f"{name}:{joined}" if joined else name


def _text(value: str | float | Iterable[str]) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return str(value) if isinstance(value, int | float) else "+".join(map(_quoted, value))


def _quoted(text: str) -> str:
    """A value with the grammar's own characters written %XX."""
    return "".join(f"%{ord(char):02X}" if char in _RESERVED or ord(char) < 32 else char for char in text)
