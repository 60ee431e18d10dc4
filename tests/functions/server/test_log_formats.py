"""The forms of a log line: each platform's names, one line for people, and in all of them no secrets."""

import json
import logging
import re
from typing import Any

import pytest

from functions.server.log_formats import JsonFormatter, TextFormatter, formatter
from service.settings import Settings

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MEMBERS = {
    "request_id": "abc", "trace_id": TRACE, "span_id": SPAN, "sampled": True, "method": "POST", "path": "/v1/process",
    "status": 200, "bytes_in": 1000, "bytes_out": 500, "ms": 12.3, "pipeline": "blur",
}  # fmt: skip


def record(level: int = logging.INFO, message: str = "POST /v1/process 200", **members: Any) -> logging.LogRecord:
    made = logging.LogRecord("darkroom", level, "x.py", 1, "%s", (message,), None)
    made.members = {**MEMBERS, **members}
    return made


def line(settings: Settings, environ: dict[str, str], made: logging.LogRecord) -> dict[str, Any]:
    text = formatter(settings, environ).format(made)
    assert "\n" not in text
    return json.loads(text)  # type: ignore[no-any-return]


GOOGLE = {"K_SERVICE": "darkroom"}


def test_google() -> None:
    told = line(Settings(gs_project="shop"), GOOGLE, record())
    assert told["severity"] == "INFO"
    assert told["logging.googleapis.com/trace"] == f"projects/shop/traces/{TRACE}"
    assert (told["logging.googleapis.com/spanId"], told["logging.googleapis.com/trace_sampled"]) == (SPAN, True)
    assert told["httpRequest"] == {
        "requestMethod": "POST", "requestUrl": "/v1/process", "status": 200, "latency": "0.0123s",
        "requestSize": "1000", "responseSize": "500",
    }  # fmt: skip
    assert (told["request_id"], told["pipeline"]) == ("abc", "blur")
    assert not {"trace_id", "span_id", "sampled", "method", "path", "status", "ms"} & told.keys()


@pytest.mark.parametrize(
    ("environ", "expected"),
    {
        "of the environment": ({"GOOGLE_CLOUD_PROJECT": "mine"}, f"projects/mine/traces/{TRACE}"),
        "unknown": ({}, TRACE),
    }.values(),
    ids=["of the environment", "unknown"],
)
def test_googles_project(environ: dict[str, str], expected: str) -> None:
    assert line(Settings(), GOOGLE | environ, record())["logging.googleapis.com/trace"] == expected


def test_google_reports_an_error() -> None:
    assert line(Settings(), GOOGLE, record(logging.ERROR, trace="Traceback …"))["stack_trace"] == "Traceback …"


def test_lambda() -> None:
    told = line(Settings(), {"AWS_LAMBDA_FUNCTION_NAME": "darkroom"}, record(logging.WARNING))
    assert (told["level"], told["requestId"]) == ("WARN", "abc")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["timestamp"])
    assert told["xray_trace_id"] == f"1-{TRACE[:8]}-{TRACE[8:]}"
    assert not {"severity", "time", "request_id"} & told.keys()


def test_our_own() -> None:
    told = line(Settings(), {}, record())
    assert told["severity"] == "INFO"
    assert told.items() >= MEMBERS.items()


@pytest.mark.parametrize("name", ["json", "google", "aws", "text"])
def test_the_setting_wins(name: Any) -> None:
    chosen = formatter(Settings(log_format=name), {"K_SERVICE": "x"})
    assert isinstance(chosen, TextFormatter if name == "text" else JsonFormatter)
    known = {"json": "severity", "google": "httpRequest", "aws": "level", "text": "POST /v1/process 200"}
    assert known[name] in chosen.format(record())


def test_a_line_for_people() -> None:
    text = TextFormatter(colored=False).format(record())
    assert re.fullmatch(rf"\d\d:\d\d:\d\d  INFO     POST /v1/process 200  12\.3 ms  blur  trace={TRACE}", text), text
    failed = TextFormatter(colored=False).format(record(logging.ERROR, trace="Traceback\n  File"))
    assert failed.splitlines()[1:] == ["Traceback", "  File"]
    assert "request=abc" in failed


def test_colours() -> None:
    text = TextFormatter(colored=True).format(record(logging.ERROR))
    assert "\x1b[31mERROR  \x1b[0m" in text
    assert TextFormatter(colored=False).format(record(logging.ERROR)).isprintable()


@pytest.mark.parametrize("hostile", ["a\nb", "a\x1b]0;title\x07b", "a\x9b31mb", "a\rb"], ids=repr)
def test_nobody_writes_to_the_terminal(hostile: str) -> None:
    text = TextFormatter(colored=True).format(record(message=hostile))
    assert len(text.splitlines()) == 1
    assert re.sub(r"\x1b\[\d+m", "", text).isprintable()


@pytest.mark.parametrize("name", ["json", "google", "aws", "text"])
def test_no_form_tells_a_secret(name: Any) -> None:
    secret = "dk_" + "a" * 43
    made = record(logging.ERROR, message=f"GET /x?key={secret}", path=f"/{secret}", trace=f"Error: {secret}")
    assert secret not in formatter(Settings(log_format=name), {}).format(made)


def test_a_terminal_gets_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert isinstance(formatter(Settings(), {}), TextFormatter)
    assert isinstance(formatter(Settings(), GOOGLE), JsonFormatter)
