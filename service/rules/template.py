"""Templates of output addresses: `gs://out/{dir}/{stem}-{output}.{ext}`, filled from the parts of the source's key.

`{dir}` is the key up to its last slash, `{name}` what follows, `{stem}` that without its extension, `{suffix}` the
extension; `{output}` is the output's name, `{ext}` the extension of its format. If `{dir}` is empty, the slash after it
is omitted. The result is checked like every address, so no key leads out of its bucket.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from core.errors import nearest
from service.rules.globs import DEEP, STAR, Glob, Token, Tokens, literal
from storage.address import Address
from storage.errors import StorageError

FIELDS = ("dir", "name", "stem", "suffix", "output", "ext")
_PART = re.compile(r"\{([^{}]*)\}|([^{}]+)|([{}])")
_FIELD = re.compile(r"\{[^{}]*\}")
_PLACE = re.compile(r"[a-z][a-z0-9]{0,15}://[^/{}]*/")


class TemplateError(ValueError):
    """An invalid template."""


class Template:
    """A template of an address."""

    def __init__(self, text: str) -> None:
        place = _PLACE.match(text)
        if not place:
            raise TemplateError(f'"{text[:80]}" is not a template such as gs://bucket/{{dir}}/{{stem}}.{{ext}}.')
        try:
            self.place = Address.parse_prefix(place[0])
            self.place.at(_FIELD.sub("x", text[place.end() :])).check()
        except StorageError as error:
            raise TemplateError(f'"{text[:80]}": {error}') from None
        self.text = text
        self._key = text[place.end() :]
        self.parts = tuple(_parts(self._key))

    def __repr__(self) -> str:
        return self.text

    @property
    def fields(self) -> set[str]:
        """The names of its fields."""
        return {name for name, _ in self.parts if name}

    @property
    def suffix(self) -> str:
        """The extension it ends in, if that is literal."""
        last = self.parts[-1][1]
        return last.rpartition(".")[2].lower() if "." in last else ""

    @property
    def fixed(self) -> Address:
        """The prefix of all its addresses."""
        return self.place.at(self._key.partition("{")[0])

    def fill(self, key: str, output: str, ext: str) -> Address:
        """The address of an output. BadAddressError if the parts do not give a valid one."""
        values = {**parts_of(key), "output": output, "ext": ext}
        filled = "".join(values[name] if name else text for name, text in self._without_slash(not values["dir"]))
        return self.place.at(filled).check()

    def images(self, when: Glob, output: str, ext: str) -> Iterator[Tokens]:
        """Patterns that together match every key this can produce for keys of `when`, and perhaps a few more."""
        for alternative in when.alternatives:
            values = {**_shapes(alternative), "output": literal(output), "ext": literal(ext)}
            if values["dir"] != (DEEP,) or "dir" not in self.fields:
                yield self._shape(values, empty=not values["dir"])
            else:
                yield self._shape(values, empty=False)
                yield self._shape({**values, "dir": ()}, empty=True)

    def _shape(self, values: Mapping[str, Tokens], *, empty: bool) -> Tokens:
        return tuple(
            token for name, text in self._without_slash(empty) for token in (values[name] if name else literal(text))
        )

    def _without_slash(self, empty: bool) -> Iterator[tuple[str, str]]:
        """Fields and literals, without the slash after an empty `{dir}`."""
        before = ""
        for name, text in self.parts:
            yield name, text[1:] if empty and before == "dir" and text.startswith("/") else text
            before = name


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """(field, "") or ("", text), in order."""
    for name, literal_text, stray in _PART.findall(text):
        if stray or (not literal_text and name not in FIELDS):
            guess = nearest(name, FIELDS)
            suggestion = f" Did you mean {{{guess}}}?" if guess else f" The fields are {', '.join(FIELDS)}."
            raise TemplateError(f'A template has no field "{{{name}}}".{suggestion}')
        yield name, literal_text


def parts_of(key: str) -> dict[str, str]:
    """The parts of a key that a template may use."""
    folder, _, name = key.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    return {"dir": folder, "name": name, "stem": stem if dot and stem else name, "suffix": suffix if stem else ""}


def _shapes(tokens: Tokens) -> dict[str, Tokens]:
    """The same parts for all keys of a pattern, as patterns."""
    slash = _last(tokens, "\\/")
    folder, name = tokens[: max(slash, 0)], tokens[slash + 1 :]
    if DEEP in name:
        folder, name = (*folder, DEEP), (STAR, *name[_last(name, DEEP) + 1 :])
    dot = _last(name, "\\.")
    if dot <= 0 or any(not token.startswith("\\") for token in name[dot:]):
        return {"dir": folder, "name": name, "stem": (STAR,), "suffix": (STAR,)}
    return {"dir": folder, "name": name, "stem": name[:dot], "suffix": name[dot + 1 :]}


def _last(tokens: Tokens, token: Token) -> int:
    """The last index of a token, or -1."""
    return next((index for index in reversed(range(len(tokens))) if tokens[index] == token), -1)


def varies(tokens: Tokens) -> bool:
    """Whether a pattern matches more than one text."""
    return any(not token.startswith("\\") for token in tokens)


class Shapes(msgspec.Struct, frozen=True):
    """Which parts of the keys of a pattern vary from key to key."""

    dir: bool
    suffix: bool

    @classmethod
    def of(cls, when: Glob) -> "Shapes":
        """The shapes of a pattern."""
        shapes = [_shapes(alternative) for alternative in when.alternatives]
        differs = {
            name: len({shape[name] for shape in shapes}) > 1 or any(varies(shape[name]) for shape in shapes)
            for name in ("dir", "suffix")
        }
        return cls(**differs)
