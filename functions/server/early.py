"""Requests before they are parsed: whether a head is complete, and what is answered if it never is."""

import re
from typing import Any

import msgspec

from functions.server import log

_END = b"\r\n\r\n"
_HOST = re.compile(r"(\[[0-9A-Za-z:.%]+\]|([\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:\d*)?", re.ASCII)
"""A name, perhaps an empty one, or an address, and perhaps a port."""


class Refusal(msgspec.Struct, frozen=True):
    """An answer to a head that is not read to its end."""

    status: int
    reason: str
    code: str
    detail: str
    again: str = ""
    """A header that says when to try again."""

    def answer(self) -> bytes:
        """The response, after which the connection is closed; it is logged."""
        request_id = log.log_refused(self.status, self.code)
        problem = {
            "type": f"/docs#{self.code}", "title": self.reason, "status": self.status,
            "detail": self.detail, "code": self.code,
        }  # fmt: skip
        body = msgspec.json.encode(problem)
        head = (
            f"HTTP/1.1 {self.status} {self.reason}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\n{self.again}X-Request-Id: {request_id}\r\n\r\n"
        )
        return head.encode() + body


SLOW = Refusal(408, "Request Timeout", "slow_head", "The head of the request was not complete in time.")
TOO_LONG = Refusal(431, "Request Header Fields Too Large", "long_head", "The head of the request is too long.")
BAD = Refusal(400, "Bad Request", "bad_head", "The head of the request is not valid HTTP.")
_LONG_LINE = Refusal(414, "URI Too Long", "long_url", "The URL is too long.")
_CODING = Refusal(501, "Not Implemented", "unknown_coding", "The only transfer coding that is read is chunked.")
_EXPECTATION = Refusal(417, "Expectation Failed", "unknown_expectation", "The only expectation met is 100-continue.")
_FAILED = Refusal(500, "Internal Server Error", "internal", "The request failed; the log has the details.")
STOPPED = Refusal(
    503, "Service Unavailable", "shutting_down", "The server stops before this was done.", "Retry-After: 1\r\n"
)


def refusal_of(error: BaseException) -> Refusal:
    """What is answered to a head that gunicorn's parser refuses; its own words may repeat a key. Others are logged."""
    from gunicorn.http import errors

    ours = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
    match error:
        case errors.LimitRequestLine():
            return _LONG_LINE
        case errors.LimitRequestHeaders():
            return TOO_LONG
        case errors.UnsupportedTransferCoding():
            return _CODING
        case errors.ExpectationFailed():
            return _EXPECTATION
        case errors.ParseException() if not isinstance(error, ours):
            return BAD
    if isinstance(error, Exception):
        log.log_error(error, "connection")
    return _FAILED


def checked(request: Any) -> Any:
    """The request, unless its host is missing or none, or its body is coded within its chunks: gunicorn accepts both.

    Nobody would undo the coding. Source: RFC 9112, 3.2 and 6.1, and RFC 3986, 3.2.
    """
    from gunicorn.http import errors

    host, codings = None if request.version >= (1, 1) else "", ""
    for name, value in request.headers:
        if name == "HOST":
            host = value
        elif name == "TRANSFER-ENCODING":
            codings = f"{codings},{value}"
    if host is None or not _HOST.fullmatch(host):
        raise errors.InvalidHeader("HOST")
    if codings and {coding.strip().lower() for coding in codings.split(",")} - {"", "chunked"}:
        raise errors.UnsupportedTransferCoding(codings)
    return request


def is_ready(head: bytearray, searched: int, longest_line: int) -> bool:
    """Whether a head is complete, or holds something that the parser refuses at once.

    The first `searched` bytes are known to hold neither. A bare line feed and a request line of more than
    `longest_line` bytes are refused.
    """
    if head.find(_END, max(0, searched - len(_END) + 1)) >= 0:
        return True
    start = searched - 1 if searched and head[searched - 1] == ord("\r") else searched
    if head.count(b"\n", start) != head.count(b"\r\n", start):
        return True
    return len(head) > longest_line + 2 and b"\n" not in head
