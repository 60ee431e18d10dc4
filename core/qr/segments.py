"""From data codewords to text: numeric, alphanumeric, byte and kanji segments. Source: ISO/IEC 18004:2015, 7.4."""

from core.qr.errors import UnreadableError

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_END, _NUMERIC, _ALPHA, _APPEND, _BYTES, _FIRST, _ECI, _KANJI, _SECOND = 0, 1, 2, 3, 4, 5, 7, 8, 9
_LENGTHS = {_NUMERIC: (10, 12, 14), _ALPHA: (9, 11, 13), _BYTES: (8, 16, 16), _KANJI: (8, 10, 12)}
_CHARSETS = {
    0: "cp437", 1: "latin-1", 2: "cp437", 3: "latin-1", 20: "shift_jis", 21: "cp1250", 22: "cp1251", 23: "cp1252",
    24: "cp1256", 25: "utf-16-be", 26: "utf-8", 27: "ascii", 28: "big5", 29: "gb18030", 30: "euc_kr",
    **{number: f"iso8859-{number - 2}" for number in (*range(4, 14), *range(15, 19))},
}  # fmt: skip


class _Bits:
    """Bits, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def take(self, count: int) -> int:
        """The next `count` bits as a number; UnreadableError where there are fewer."""
        if count > self.left:
            raise UnreadableError
        self.left -= count
        return self._value >> self.left & ((1 << count) - 1)


def read_segments(data: bytes, version: int) -> str:
    """The text of all segments, one after the other."""
    bits, charset, parts = _Bits(data), "", list[str]()
    while bits.left >= 4:
        mode = bits.take(4)
        if mode == _END:
            break
        if mode in _LENGTHS:
            length = bits.take(_LENGTHS[mode][(version > 9) + (version > 26)])
            parts.append(_segment(bits, mode, length, charset))
        elif mode == _ECI:
            charset = _CHARSETS.get(_designator(bits), "")
        elif mode in {_APPEND, _FIRST, _SECOND}:
            bits.take({_APPEND: 16, _FIRST: 0, _SECOND: 8}[mode])
        else:
            raise UnreadableError
    return "".join(parts)


def _segment(bits: _Bits, mode: int, length: int, charset: str) -> str:
    if mode == _NUMERIC:
        return _digits(bits, length)
    if mode == _ALPHA:
        return _alphanumeric(bits, length)
    if mode == _KANJI:
        return b"".join(_kanji(bits.take(13)) for _ in range(length)).decode("shift_jis", "replace")
    return _text(bytes(bits.take(8) for _ in range(length)), charset)


def _digits(bits: _Bits, length: int) -> str:
    sizes = [3] * (length // 3) + [length % 3] * (length % 3 > 0)
    return "".join(f"{bits.take((0, 4, 7, 10)[size]):0{size}d}" for size in sizes)


def _alphanumeric(bits: _Bits, length: int) -> str:
    pairs = [divmod(bits.take(11), 45) for _ in range(length // 2)]
    singles = [value for pair in pairs for value in pair] + [bits.take(6) for _ in range(length % 2)]
    if any(value > 44 for value in singles):
        raise UnreadableError
    return "".join(_ALPHANUMERIC[value] for value in singles)


def _kanji(value: int) -> bytes:
    packed = value // 0xC0 << 8 | value % 0xC0
    return (packed + (0x8140 if packed < 0x1F00 else 0xC140)).to_bytes(2, "big")


def _designator(bits: _Bits) -> int:
    """The number of a character set, in one to three bytes (7.4.2)."""
    first = bits.take(8)
    if first < 0x80:
        return first
    return (first & 0x3F) << 8 | bits.take(8) if first < 0xC0 else (first & 0x1F) << 16 | bits.take(16)


def _text(data: bytes, charset: str) -> str:
    """Bytes as the character set says; without one they are UTF-8 by custom, else Latin-1."""
    if charset:
        return data.decode(charset, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
