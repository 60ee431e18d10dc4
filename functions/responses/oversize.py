"""Answers that are larger than the platform passes on: stored, and answered with a signed URL (303)."""

import contextlib

from flask import Response

from core.identity import sha256
from core.limits import Deadline
from service.errors import AnswerTooLargeError
from service.images.repository import below
from service.provenance import HOPS, MADE_BY, OURS
from service.service import Service
from storage.address import Address
from storage.errors import CannotSignError, ChangedError, ReadOnlyError
from storage.facts import ObjectMetadata, UrlGrant
from storage.publish import find_object

SECONDS = 900
"""How long the URL of an answer is valid, seconds."""
_STORE_SECONDS = 20.0
_JSON_LENGTH = "Inference-Header-Content-Length"
"""Without this header nobody could read a body of tensors, and a bucket does not keep it."""


def passed_on(response: Response, service: Service, *, head: bool, may_store: bool) -> Response:
    """The response itself if the platform passes it on, else a 303 to where it is stored.

    For another site's page nothing is stored. AnswerTooLargeError (413) if there is no place to store it; errors of the
    storage.
    """
    most = service.platform.most(response.mimetype or "")
    size = response.headers.get("Content-Length", type=int)
    if most is None or size is None or head or response.status_code >= 300:
        return response
    binary = service.platform.binary or most
    if size <= binary or (size <= most and service.platform.passes_on_text(response.get_data())):
        return response
    most = most if size > most else binary
    results = service.storage.results
    if results is None:
        raise _too_large(size, most, "DARKROOM_RESULTS says where larger ones are stored")
    if not may_store:
        raise _too_large(size, most, "larger ones are not stored for a page of another site")
    if _JSON_LENGTH in response.headers:
        raise _too_large(size, most, "request fewer outputs, or those in JSON")
    address = stored(service, results, response.get_data(), response.mimetype or "", Deadline(_STORE_SECONDS))
    return see_other(service, address, size, most)


def stored(service: Service, results: Address, data: bytes, media_type: str, deadline: Deadline) -> Address:
    """Where a part of an answer is stored, below the address for results. Errors of the storage."""
    address = below(results, f"answers/{sha256(data)}")
    about = ObjectMetadata(content_type=media_type, metadata={MADE_BY: OURS, HOPS: "1"})
    store = service.storage.stores.of(address)
    if find_object(store, address, deadline) is None:  # else the same bytes are there already
        with contextlib.suppress(ChangedError):
            store.write(address, data, about, deadline)
    return address


def signed_link(service: Service, address: Address) -> str:
    """A signed URL of an object, valid for SECONDS. CannotSignError, ReadOnlyError."""
    return service.storage.stores.of(address).sign(address, UrlGrant(method="GET", seconds=SECONDS)).url


def see_other(service: Service, address: Address, size: int, most: int) -> Response:
    """A 303 to a signed URL of an object. AnswerTooLargeError (413) if its store cannot sign one."""
    try:
        url = signed_link(service, address)
    except (CannotSignError, ReadOnlyError):
        raise _too_large(size, most, "the storage cannot sign a URL of it; request a range of it instead") from None
    response = Response(status=303)
    del response.headers["Content-Type"]
    response.headers["Location"] = url
    response.headers["Cache-Control"] = "no-store"
    return response


def _too_large(size: int, most: int, hint: str) -> AnswerTooLargeError:
    return AnswerTooLargeError(f"The answer has {size} bytes, and this platform passes on at most {most}: {hint}.")
