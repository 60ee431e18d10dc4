"""Reed-Solomon error correction over GF(256) with the polynomial 0x11D, as ISO/IEC 18004, annex A, has it."""

from core.qr.errors import UnreadableError

_EXP = [1] * 512
for _power in range(1, 255):
    _EXP[_power] = _EXP[_power - 1] << 1 ^ (0x11D if _EXP[_power - 1] & 128 else 0)
_EXP[255:510] = _EXP[:255]
_LOG = {value: power for power, value in enumerate(_EXP[:255])}


def _times(one: int, other: int) -> int:
    return _EXP[_LOG[one] + _LOG[other]] if one and other else 0


def _at(polynomial: list[int], power: int) -> int:
    """The value at α^power; highest coefficient first."""
    value = 0
    for coefficient in polynomial:
        value = (_EXP[_LOG[value] + power] if value else 0) ^ coefficient
    return value


def corrected(block: list[int], correction: int) -> list[int]:
    """The data of a block whose last `correction` codewords are Reed-Solomon's; UnreadableError where it cannot be."""
    syndromes = [_at(block, power) for power in range(correction)]
    if not any(syndromes):
        return block[:-correction]
    locator = _locator(syndromes)
    errors = [place for place in range(len(block)) if not _at(locator[::-1], (255 - place) % 255)]
    if len(errors) != len(locator) - 1 or 2 * len(errors) > correction:
        raise UnreadableError
    fixed = list(block)
    for place in errors:
        fixed[-1 - place] ^= _magnitude(syndromes, locator, place)
    if any(_at(fixed, power) for power in range(correction)):
        raise UnreadableError
    return fixed[:-correction]


def _locator(syndromes: list[int]) -> list[int]:
    """Berlekamp and Massey: the error locator, lowest coefficient first."""
    current, previous = [1], [1]
    length, gap, last = 0, 1, 1
    for step in range(len(syndromes)):
        delta = syndromes[step]
        for index in range(1, length + 1):
            delta ^= _times(current[index] if index < len(current) else 0, syndromes[step - index])
        if not delta:
            gap += 1
            continue
        scale = _EXP[_LOG[delta] - _LOG[last] + 255]
        shifted = [0] * gap + [_times(scale, value) for value in previous]
        size = max(len(current), len(shifted))
        updated = [a ^ b for a, b in zip(_padded(current, size), _padded(shifted, size), strict=True)]
        if 2 * length <= step:
            length, previous, last, gap = step + 1 - length, current, delta, 1
        else:
            gap += 1
        current = updated
    return _padded(current, length + 1)[: length + 1]


def _padded(values: list[int], size: int) -> list[int]:
    return values + [0] * (size - len(values))


def _magnitude(syndromes: list[int], locator: list[int], place: int) -> int:
    """Forney: the value of the error at α^place (first root α^0)."""
    inverse = (255 - place) % 255
    top = 0
    for degree in range(len(locator) - 1):
        omega = 0
        for index in range(degree + 1):
            omega ^= _times(locator[index], syndromes[degree - index])
        top ^= _times(omega, _EXP[inverse * degree % 255])
    slope = 0
    for degree in range(1, len(locator), 2):
        slope ^= _times(locator[degree], _EXP[inverse * (degree - 1) % 255])
    if not slope:
        raise UnreadableError
    return _times(_EXP[place % 255], _times(top, _EXP[255 - _LOG[slope]]))
