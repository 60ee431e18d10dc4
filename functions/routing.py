"""Routes: one entry holds the path, the view, the scope, the parameters, the responses and the refusals.

The application serves the entries; /openapi.json and docs/http.md are derived from them.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import msgspec

from service.scopes import Scope

Schema = dict[str, Any]
Content = Mapping[str, Any]
"""Bodies by media type: each is a type that msgspec supports, a tuple of types, or a JSON Schema."""
Parameters = type[msgspec.Struct] | Mapping[str, Schema]
"""Parameters: a struct with a field for each, or their JSON Schemas by name."""

JSON_TYPE = "application/json"


class JsonObject(msgspec.Struct, forbid_unknown_fields=True):
    """A JSON object with no undeclared members. An optional member is `UNSET` if absent."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A response of a route. `headers` are always present, `optional_headers` are not."""

    status: int = 200
    content: Content = {}
    description: str
    headers: tuple[str, ...] = ()
    optional_headers: tuple[str, ...] = ()


def json_reply(kind: Any, description: str = "", **more: Any) -> Reply:
    """A response in JSON, described by the first line of the type's docstring; `more` are members of Reply."""
    told = description or (inspect.getdoc(kind) or "").partition("\n")[0].rstrip(".")
    return Reply(content={JSON_TYPE: kind}, description=told, **more)


class Route(msgspec.Struct, frozen=True):
    """One route. TypeError names a route that declares no scope.

    `path` is a Flask rule; the view's annotations describe its variables, and the first line of the view's docstring is
    the summary. `refuses` holds statuses in addition to those of every route (400, 401, 403, 500, 503). `operation_id`
    defaults to the view's name.
    `heavy` requests compute: if the queue is full, they are refused before their body is read.
    `permit` is what may permit a request besides its caller's scope: a signed link, or a verified sender of events.
    `documented_path` and `path_parameters` are for a view that splits its path itself.
    """

    path: str
    view: Callable[..., Any]
    scope: Scope = ""  # type: ignore[assignment] # for an error that names the route
    methods: tuple[str, ...] = ("GET",)
    answers: tuple[Reply, ...] = ()
    refuses: tuple[int, ...] = ()
    query: Parameters = {}
    headers: Parameters = {}
    body: Content = {}
    body_required: bool = True
    permit: Literal["scope", "link", "sender"] = "scope"
    operation_id: str = ""
    documented_path: str = ""
    path_parameters: Parameters = {}
    include_in_schema: bool = True
    heavy: bool = False

    def __post_init__(self) -> None:
        """Refuse a route without a scope."""
        if self.scope not in get_args(Scope):
            scopes = ", ".join(get_args(Scope))
            raise TypeError(f"The route {self} declares no scope: it needs one of {scopes}.")

    @property
    def endpoint(self) -> str:
        """The Flask endpoint: the view's name, which several routes may share."""
        return self.view.__name__

    @property
    def operation(self) -> str:
        """The operationId in OpenAPI."""
        return self.operation_id or self.endpoint

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (inspect.getdoc(self.view) or self.endpoint).partition("\n")[0].rstrip(".")

    def __str__(self) -> str:
        """The methods, the path and the view."""
        return f"{'/'.join(self.methods)} {self.path} ({self.view.__module__}.{self.view.__qualname__})"
