"""The entry points behind main.py: the service, and the functions of Cloud Functions and AWS Lambda.

Platforms redeliver what is not acknowledged, so an exception loses nothing: of an event with several records, those
already done cost only metadata calls the next time.
"""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request

from core.errors import DarkroomError, forget_frames
from functions.server import watching
from service.errors import NoRulesError
from service.service import Service
from service.settings import SettingsError
from service.watch.trace_context import of_aws, of_w3c, trace_context

if TYPE_CHECKING:  # a service imports the latter only if there are rules
    from werkzeug import Request, Response

    from functions.app import Darkroom
    from service.events.processor import EventProcessor

_logger = logging.getLogger("darkroom")


def open_service(environ: Mapping[str, str]) -> Service:
    """The service of an environment; if that is invalid, exit with the problems and without a traceback."""
    try:
        return Service.open(environ)
    except SettingsError as error:
        sys.exit(f"Darkroom cannot start. {error}")


def http_handler(app: "Darkroom") -> "Callable[[Request], Response]":
    """The HTTP function that Cloud Functions calls: the application answers what the platform hands over."""

    def handle(request: "Request") -> "Response":
        return app.answer(request)

    return handle


def handle_cloud_event(service: Service, event: Any) -> None:
    """The CloudEvent function: an exception makes the platform deliver the event again."""
    from functions.requests.events import parse_cloud_event

    attributes = dict(event.get_attributes())
    caller = trace_context(request.environ) if has_request_context() else None  # of functions-framework
    with watching.event_of(str(attributes.get("id", "")), of_w3c(attributes.get("traceparent", "")) or caller):
        _processor(service).process(parse_cloud_event(attributes, event.get_data()))


def cloud_event_handler(service: Service) -> Callable[[Any], None]:
    """The event function that Cloud Functions calls: what it raises, the platform delivers again."""

    def on_object(event: Any) -> None:
        handle_cloud_event(service, event)

    return on_object


def handle_lambda_request(app: "Darkroom", event: Any) -> dict[str, Any]:
    """The AWS Lambda function, for HTTP events of function URLs and HTTP APIs. BadEventError."""
    from functions.requests.lambda_http import environ_of
    from functions.responses.lambda_http import payload_of

    return payload_of(app, environ_of(event))


def handle_lambda_event(service: Service, event: Any) -> dict[str, Any]:
    """The AWS Lambda function, for S3, SQS, SNS and EventBridge. Of an SQS batch, only failed messages are redelivered.

    For the others, an exception makes Lambda deliver the whole event again.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    from functions.requests.events import parse_record

    processor = _processor(service)
    records = event.get("Records") if isinstance(event, dict) else None
    records = records if isinstance(records, list) else []
    messages = [one for one in records if isinstance(one, dict) and "messageId" in one]
    if not messages:
        processor.process(parse_record(event))
        return {}
    failed = [one["messageId"] for one in messages if not _is_done(processor, one)]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


def lambda_handler(app: "Darkroom") -> Callable[..., dict[str, Any]]:
    """The handler that AWS Lambda calls with an event and its context: an HTTP request, or events of objects."""

    def on_lambda(event: Any, context: Any = None) -> dict[str, Any]:
        from functions.requests.lambda_http import is_http

        if is_http(event):
            return handle_lambda_request(app, event)
        caller = of_aws(os.environ.get("_X_AMZN_TRACE_ID", ""))  # Lambda sets it for each event
        with watching.event_of(getattr(context, "aws_request_id", ""), caller):
            return handle_lambda_event(app.service, event)

    return on_lambda


def serve() -> None:
    """Serve HTTP according to the settings."""
    from functions.server import gunicorn_conf

    gunicorn_conf.serve()


def _processor(service: Service) -> "EventProcessor":
    """The event processor. NoRulesError (404) without rules."""
    if service.events is None:
        raise NoRulesError
    return service.events


def _is_done(processor: "EventProcessor", message: Any) -> bool:
    """Whether a message is done; one that cannot be read fails too, and ends in the dead-letter queue."""
    from functions.requests.events import parse_record

    try:
        processor.process(parse_record(message))
    except DarkroomError as error:
        _logger.warning("A message failed: %s", error.detail)
        forget_frames(error)
        return False
    except Exception as error:
        _logger.exception("A message failed")  # it alone is delivered again, not those that are done
        forget_frames(error)
        return False
    return True
