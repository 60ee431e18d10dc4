"""What a request asks for: the one way from what was sent to options, at every route that computes."""

from collections.abc import Iterable, Mapping
from typing import Any

from service.errors import OnlyPresetsError
from service.negotiation import excluding
from service.options import ProcessingOptions
from service.service import Service


def asked_for(
    service: Service,
    places: Iterable[Mapping[str, Any]],
    accept: str,
    pictures: Iterable[str] = (),
    defaults: Mapping[str, Any] | None = None,
) -> ProcessingOptions:
    """The options of all places, with the route's own `defaults`; one preset if the operator allows nothing else.

    Errors: those of options; OnlyPresetsError (403).
    """
    defaults = defaults or {}
    if service.only_presets is None:
        return service.parser.parse(places, defaults)
    options = service.only_presets.restrict(places, pictures, accept, defaults.get("format"))
    return service.parser.parse([options])


def accept_of(service: Service, header: str) -> str:
    """What the client accepts, without the formats that the operator has taken out of negotiation."""
    return excluding(header, service.settings.not_negotiated)


def refuse_if_only_presets(service: Service) -> None:
    """OnlyPresetsError (403) at a route that takes no preset, if the operator allows nothing else."""
    if service.only_presets is not None:
        raise OnlyPresetsError("This server takes one preset and nothing else, so this route is closed.")
