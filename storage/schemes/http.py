"""http://host/path: pictures on the web, behind the guard of `storage.web`. Read-only."""

from typing import ClassVar

from storage.registry import scheme
from storage.web.store import WebStore


@scheme
class HttpStore(WebStore):
    """See `objects.Store` and `web.store`."""

    scheme: ClassVar[str] = "http"
