"""What main.py hands to a platform: the service, and the event functions of Cloud Functions and AWS Lambda.

Platforms redeliver what is not acknowledged, so an exception loses nothing: of an event with several records, those
that were done already cost metadata calls the next time.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core.errors import DarkroomError
from service.errors import NoRulesError
from service.service import Service
from service.settings import SettingsError

if TYPE_CHECKING:  # events are handled where there are rules
    from service.events.processor import EventProcessor

_logger = logging.getLogger("darkroom")


def open_service(environ: Mapping[str, str]) -> Service:
    """The service of an environment; where it is wrong, the process ends with what is wrong and no traceback."""
    try:
        return Service.open(environ)
    except SettingsError as error:
        sys.exit(f"Darkroom cannot start. {error}")


def handle_cloud_event(service: Service, event: Any) -> None:
    """The CloudEvent function: an exception makes the platform deliver it again."""
    from functions.requests.events import parse_cloud_event

    _processor(service).process(parse_cloud_event(dict(event.get_attributes()), event.get_data()))


def handle_lambda_event(service: Service, event: Any) -> dict[str, Any]:
    """AWS Lambda's form, for S3, SQS, SNS and EventBridge. Of SQS, only the messages that failed come again.

    Of the others an exception makes Lambda deliver the whole event again.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    from functions.requests.events import parse_record

    processor = _processor(service)
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not any("messageId" in one for one in records if isinstance(one, dict)):
        processor.process(parse_record(event))
        return {}
    failed = [one.get("messageId", "") for one in records if not _is_done(processor, one)]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def lambda_handler(service: Service) -> Callable[..., dict[str, Any]]:
    """The handler that AWS Lambda calls with an event and its context."""

    def on_lambda(event: Any, context: Any = None) -> dict[str, Any]:  # noqa: ARG001 - Lambda passes both
        return handle_lambda_event(service, event)

    return on_lambda


def serve() -> None:
    """Serve over HTTP as the settings say."""
    from functions.server import gunicorn_conf

    gunicorn_conf.serve()


def _processor(service: Service) -> "EventProcessor":
    """What handles events. NoRulesError (404) without rules."""
    if service.events is None:
        raise NoRulesError
    return service.events


def _is_done(processor: "EventProcessor", message: Any) -> bool:
    """Whether a message is done; what cannot be read fails too, and ends in the queue of dead letters."""
    from functions.requests.events import parse_record

    try:
        processor.process(parse_record(message))
    except DarkroomError as error:
        _logger.warning("A message is not done: %s", error.detail)
        return False
    return True
