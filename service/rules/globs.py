"""Glob patterns of addresses: `gs://bucket/photos/**.{jpg,heic}`.

`*` matches any characters within a segment, `?` one of them, `**` any characters across segments, `**/` at the
beginning of a segment any folders or none, `{a,b}` either; a backslash escapes the next character. Matching is
case-sensitive. Bucket and scheme are literal.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property

from storage.address import Address
from storage.errors import StorageError

STAR, DEEP, ONE = "*", "**", "?"
MAX_LENGTH, MAX_ALTERNATIVES = 300, 64
"""Characters of a pattern, and plain patterns that its braces and folders may expand to."""
_FORM = re.compile(r"([a-z][a-z0-9]{0,15}://[^/]*)/(.+)\Z", re.DOTALL)

Token = str
"""STAR, DEEP, ONE, or a backslash and the character itself."""
Tokens = tuple[Token, ...]


class GlobError(ValueError):
    """An invalid pattern."""


def literal(text: str) -> Tokens:
    """Tokens that match exactly this text."""
    return tuple("\\" + char for char in text)


class Glob:
    """A pattern; `alternatives` are the plain patterns it expands to."""

    def __init__(self, text: str) -> None:
        match = _FORM.match(text)
        if not match or len(text) > MAX_LENGTH:
            raise GlobError(f'"{text[:80]}" is not a pattern such as gs://bucket/photos/**.jpg.')
        try:
            place = Address.parse_prefix(f"{match[1]}/")
        except StorageError as error:
            raise GlobError(f'"{text[:80]}": {error}') from None
        self.text = text
        self.scheme, self.bucket = place.scheme, place.bucket
        self.alternatives = tuple(dict.fromkeys(_collapsed(one) for one in _expanded(match[2])))

    def __repr__(self) -> str:
        return self.text

    def matches(self, address: Address) -> bool:
        """Whether an address matches."""
        same_bucket = (address.scheme, address.bucket) == (self.scheme, self.bucket)
        return same_bucket and any(automaton.accepts(address.key) for automaton in self._automata)

    @cached_property
    def _automata(self) -> list["_Automaton"]:
        return [_Automaton(one) for one in self.alternatives]


def _expanded(text: str) -> list[Tokens]:
    """Expand braces, and `**/` into "no folder" and "some folders"."""
    found: list[Tokens] = [()]
    for choices in _choices(text):
        found = [one + choice for one in found for choice in choices]
        if len(found) > MAX_ALTERNATIVES:
            raise GlobError(f'"{text[:80]}" expands to more than {MAX_ALTERNATIVES} plain patterns.')
    return found


def _choices(text: str) -> Iterator[list[Tokens]]:
    at = 0
    while at < len(text):
        char = text[at]
        if char == "{":
            end = text.find("}", at)
            inner = text[at + 1 : end]
            if end < 0 or "{" in inner:
                raise GlobError(f'A brace in "{text[:80]}" is not closed, or contains another.')
            yield [tuple(_plain(choice)) for choice in inner.split(",")]
            at = end + 1
        elif text.startswith("**/", at) and (at == 0 or text[at - 1] == "/"):
            yield [(), (DEEP, "\\/")]
            at += 3
        else:
            size = 2 if char == "\\" or text.startswith("**", at) else 1
            yield [tuple(_plain(text[at : at + size]))]
            at += size


def _plain(text: str) -> Iterator[Token]:
    """The tokens of text without braces."""
    for found in re.finditer(r"\\(.)|(\*\*|\*|\?)|(.)", text, re.DOTALL):
        if found[3] in {"}", "\\"}:
            raise GlobError(f'A pattern has a stray "{found[3]}".')
        yield found[2] or "\\" + (found[1] or found[3])


def _collapsed(tokens: Tokens) -> Tokens:
    """Merge adjacent stars: the matcher relies on it."""
    collapsed: list[Token] = []
    for token in tokens:
        if collapsed and {token, collapsed[-1]} <= {STAR, DEEP}:
            collapsed[-1] = DEEP if DEEP in {token, collapsed[-1]} else STAR
        else:
            collapsed.append(token)
    return tuple(collapsed)


class _Automaton:
    """A bit-parallel automaton: one bit per position, linear in the length of the key for any pattern."""

    def __init__(self, tokens: Tokens) -> None:
        self._end = 1 << len(tokens)
        self._bits = {kind: _bits(tokens, kind) for kind in {STAR, DEEP, ONE, *tokens}}
        self._stars = self._bits[STAR] | self._bits[DEEP]

    def accepts(self, key: str) -> bool:
        """Whether the whole key matches."""
        state = self._closed(1)
        for char in key:
            moves, stays = self._bits.get("\\" + char, 0), self._bits[DEEP]
            if char != "/":
                moves |= self._bits[ONE]
                stays |= self._bits[STAR]
            state = self._closed(((state & moves) << 1) | (state & stays))
        return bool(state & self._end)

    def _closed(self, state: int) -> int:
        return state | ((state & self._stars) << 1)


def _bits(tokens: Tokens, kind: Token) -> int:
    return sum(1 << index for index, token in enumerate(tokens) if token == kind)


def common_key(one: Tokens, other: Tokens) -> str | None:
    """A key that matches both patterns, or None."""
    one, other = _collapsed(one), _collapsed(other)
    if _differ(one, other) or _differ(one[::-1], other[::-1]):
        return None
    dead: set[tuple[int, int]] = set()

    def walk(i: int, j: int) -> str | None:
        if (i, j) in dead:
            return None
        found = next((text for text in _continuations(one, other, i, j, walk) if text is not None), None)
        if found is None:
            dead.add((i, j))
        return found

    return walk(0, 0)


def _differ(one: Tokens, other: Tokens) -> bool:
    """Whether two patterns begin with different characters, as most do: a quick check before the thorough one."""
    for first, second in zip(one, other, strict=False):
        if not (first.startswith("\\") and second.startswith("\\")):
            return False
        if first != second:
            return True
    return False


def _continuations(one: Tokens, other: Tokens, i: int, j: int, walk: "_Walk") -> Iterator[str | None]:
    """Suffixes that match both patterns from positions i and j on."""
    first, second = (one[i] if i < len(one) else None), (other[j] if j < len(other) else None)
    if first is None and second is None:
        yield ""
    if first in {STAR, DEEP} and second in {STAR, DEEP}:
        yield _joined("a", walk(i + 1, j))
    if first in {STAR, DEEP}:
        yield walk(i + 1, j)
        if second not in {STAR, DEEP, None} and (char := _common_character(first, second)):
            yield _joined(char, walk(i, j + 1))
    if second in {STAR, DEEP}:
        yield walk(i, j + 1)
        if first not in {STAR, DEEP, None} and (char := _common_character(second, first)):
            yield _joined(char, walk(i + 1, j))
    if first and second and not {first, second} & {STAR, DEEP} and (char := _common_character(first, second)):
        yield _joined(char, walk(i + 1, j + 1))


def _joined(char: str, rest: str | None) -> str | None:
    return None if rest is None else char + rest


def _common_character(one: Token, other: Token | None) -> str:
    """A character that both tokens match, or an empty string."""
    texts = {token[1] for token in (one, other) if token and token.startswith("\\")}
    if len(texts) > 1:
        return ""
    char = texts.pop() if texts else "x"
    return "" if char == "/" and {one, other} & {STAR, ONE} else char


_Walk = Callable[[int, int], str | None]
