"""Signed links: the permission for one read, whoever holds the link."""

from flask import Request

from functions.access.caller import Caller
from service.render import links
from service.settings import Settings


def signed_caller(request: Request, path: str, settings: Settings) -> Caller | None:
    """The caller that a signed link permits to read what it names; None without a signature.

    `path` is the raw path of the request. BadSignatureError, ExpiredLinkError (403), also for callers that need no
    link: a link never does more than it says.
    """
    if request.method not in {"GET", "HEAD"} or not request.query_string:
        return None
    if links.check_link(settings.signing_keys(), request.method, path, request.query_string) is None:
        return None
    return Caller(request.environ.get("REMOTE_ADDR", ""), frozenset({"read"}), "link")
