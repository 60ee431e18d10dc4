"""How many members and elements JSON has, counted before it is decoded: each becomes an object of Python."""

MAX_MEMBERS = 1000
_CONTAINERS = (b",", b"[", b"{")


def has_more_members(data: bytes, most: int = MAX_MEMBERS) -> bool:
    """Whether JSON has more members and elements than `most`, nested ones included; opening brackets count too.

    What is no JSON may be counted either way: it is refused when it is decoded.
    """
    if sum(map(data.count, _CONTAINERS)) <= most:
        return False  # even if all of them were outside of strings
    return members(data, most) > most


def members(data: bytes, most: int) -> int:
    """How many members and elements JSON has, or any number above `most`. All counting is C over all bytes."""
    data = _without_escapes(data)
    if data.count(b'"') > 4 * most + 2:  # each member is two strings at most
        return most + 1
    outside = b"".join(data.split(b'"')[::2])
    return sum(map(outside.count, _CONTAINERS))


def has_more_strings(data: bytes, most: int = MAX_MEMBERS) -> bool:
    """Whether JSON has more members than `most`, by its strings and objects alone: lists of numbers may be long."""
    return data.count(b"{") > most or data.count(b'"') > 4 * most + 2


def _without_escapes(data: bytes) -> bytes:
    """Without escaped backslashes and quotation marks: each mark that is left begins or ends a string."""
    if b"\\" not in data:
        return data
    return data.replace(b"\\\\", b"").replace(b'\\"', b"")
