"""Traces in headers: W3C's, Google's and AWS's, valid and not."""

import pytest

from service.watch.trace_context import TraceContext, answer_headers, trace_context

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
AWS = "Root=1-5759e988-bd862e3fe1be46a994272793"
AWS_TRACE = "5759e988bd862e3fe1be46a994272793"
VALID = {
    "w3c sampled": ({"TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}, (TRACE, SPAN, True, "w3c")),
    "w3c not sampled": ({"TRACEPARENT": f"00-{TRACE}-{SPAN}-00"}, (TRACE, SPAN, False, "w3c")),
    "w3c with flags to come": ({"TRACEPARENT": f"00-{TRACE}-{SPAN}-03"}, (TRACE, SPAN, True, "w3c")),
    "w3c of a later version": ({"TRACEPARENT": f"cc-{TRACE}-{SPAN}-01-more"}, (TRACE, SPAN, True, "w3c")),
    "google": ({"X_CLOUD_TRACE_CONTEXT": f"{TRACE}/258;o=1"}, (TRACE, "0000000000000102", True, "google")),
    "google not sampled": ({"X_CLOUD_TRACE_CONTEXT": f"{TRACE}/1;o=0"}, (TRACE, "0" * 15 + "1", False, "google")),
    "google undecided": ({"X_CLOUD_TRACE_CONTEXT": f"{TRACE}/1"}, (TRACE, "0" * 15 + "1", None, "google")),
    "google without a span": ({"X_CLOUD_TRACE_CONTEXT": TRACE.upper()}, (TRACE, "", None, "google")),
    "aws": ({"X_AMZN_TRACE_ID": f"{AWS};Parent={SPAN};Sampled=1"}, (AWS_TRACE, SPAN, True, "aws")),
    "aws of a load balancer": ({"X_AMZN_TRACE_ID": f"Self=1-67891234-12456789abcdef012345678;{AWS}"},
                               (AWS_TRACE, "", None, "aws")),
    "aws undecided": ({"X_AMZN_TRACE_ID": f"{AWS};Parent={SPAN};Sampled=?"}, (AWS_TRACE, SPAN, None, "aws")),
    "w3c before google": (
        {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01", "X_CLOUD_TRACE_CONTEXT": f"{'1' * 32}/1"}, (TRACE, SPAN, True, "w3c")
    ),
    "google after an invalid w3c": (
        {"TRACEPARENT": "00-x", "X_CLOUD_TRACE_CONTEXT": f"{TRACE}/1;o=1"}, (TRACE, "0" * 15 + "1", True, "google")
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "expected"), VALID.values(), ids=VALID)
def test_valid(headers: dict[str, str], expected: tuple[str, str, bool | None, str]) -> None:
    found = trace_context({f"HTTP_{name}": value for name, value in headers.items()})
    assert found is not None
    assert (found.trace_id, found.parent_id, found.sampled, found.sender) == expected


INVALID = {
    "nothing": {},
    "empty": {"TRACEPARENT": ""},
    "no trace": {"TRACEPARENT": f"00-{'0' * 32}-{SPAN}-01"},
    "no span": {"TRACEPARENT": f"00-{TRACE}-{'0' * 16}-01"},
    "upper case": {"TRACEPARENT": f"00-{TRACE.upper()}-{SPAN}-01"},
    "version ff": {"TRACEPARENT": f"ff-{TRACE}-{SPAN}-01"},
    "version 00 with more": {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01-more"},
    "a megabyte": {"TRACEPARENT": f"cc-{TRACE}-{SPAN}-01-" + "x" * 1_000_000},
    "google's in words": {"X_CLOUD_TRACE_CONTEXT": "trace/span"},
    "google's zero": {"X_CLOUD_TRACE_CONTEXT": f"{'0' * 32}/1"},
    "aws's short": {"X_AMZN_TRACE_ID": "Root=1-5759e988-bd86"},
    "aws's without a root": {"X_AMZN_TRACE_ID": f"Parent={SPAN}"},
}


@pytest.mark.parametrize("headers", INVALID.values(), ids=INVALID)
def test_invalid(headers: dict[str, str]) -> None:
    assert trace_context({f"HTTP_{name}": value for name, value in headers.items()}) is None


def test_a_state_that_would_break_a_header_is_dropped() -> None:
    headers = {"HTTP_TRACEPARENT": f"00-{TRACE}-{SPAN}-01"}
    states = ["a=1,b=2", "a=\r\nb", "a=é", "a=" + "x" * 600]
    found = [trace_context({**headers, "HTTP_TRACESTATE": state}) for state in states]
    assert [one.state for one in found if one] == ["a=1,b=2", "", "", ""]


def test_an_answer_speaks_as_its_caller() -> None:
    parent = f"00-{TRACE}-{SPAN}-01"
    told = {
        sender: answer_headers(TraceContext(TRACE, sender=sender), TRACE, SPAN, sampled=True)  # type: ignore[arg-type]
        for sender in ("w3c", "google", "aws")
    }
    assert told["w3c"] == {"traceparent": parent} == answer_headers(None, TRACE, SPAN, sampled=True)
    assert told["google"] == {"traceparent": parent, "X-Cloud-Trace-Context": f"{TRACE}/{int(SPAN, 16)};o=1"}
    root = f"Root=1-{TRACE[:8]}-{TRACE[8:]}"
    assert told["aws"] == {"traceparent": parent, "X-Amzn-Trace-Id": f"{root};Parent={SPAN};Sampled=1"}
