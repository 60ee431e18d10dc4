"""The doors that events come in by, from the request to the outputs."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloudevents.http import CloudEvent

from core.limits import Deadline
from functions.handlers import handle_cloud_event, handle_lambda_event
from functions.http import Darkroom
from functions.requests import events
from service.errors import NoRulesError, TryAgainError
from service.settings import SettingsError
from storage.address import Address
from storage.facts import ObjectMetadata
from tests.functions.requests import test_events as told
from tests.functions.support import app_with, client_of, picture

RULES = '[[rule]]\nwhen = "SCHEME://in/**.jpg"\nto = "file://out/{dir}/{name}.webp"\npipeline = "resize:32"\n'


@pytest.fixture
def made(tmp_path: Path) -> Darkroom:
    """An application whose rules take from both clouds and from files; only the files are there."""
    for bucket in ("in", "out", "results"):
        (tmp_path / bucket).mkdir()
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES.replace("SCHEME", "file"))
    return app_with(files=str(tmp_path), rules=str(rules), results="file://results", catalog="none", event_attempts="5")


def put(app: Darkroom, key: str, data: bytes) -> Address:
    address = Address("file", "in", key)
    app.service.storage.stores.of(address).write(address, data, ObjectMetadata(), Deadline(60))
    return address


def as_file(body: Any) -> Any:
    """An event whose bucket is a folder; no cloud is there to be asked."""
    return json.loads(json.dumps(body, ensure_ascii=False).replace(told.KEY, "x/a.jpg"))


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of clouds are taken as of files."""
    usual = events._object_event

    def event(scheme: str, *rest: Any) -> Any:
        return usual("file", *rest)

    monkeypatch.setattr(events, "_object_event", event)


def post(app: Darkroom, body: Any, **headers: str) -> httpx.Response:
    return client_of(app).post("/events", content=json.dumps(body).encode(), headers=headers)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("name", ["push", "cloudevent-structured", "eventbridge", "cloudevent-binary"])
def test_an_event_makes_outputs(made: Darkroom, tmp_path: Path, name: str) -> None:
    headers, body, *_ = told.BODIES[name]
    put(made, "x/a.jpg", picture("jpg"))
    answer = post(made, as_file(body), **headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (tmp_path / "out" / "x" / "a.jpg.webp").is_file()


@pytest.mark.usefixtures("files")
def test_half_of_a_body_again(made: Darkroom, tmp_path: Path) -> None:
    put(made, "a.jpg", picture("jpg"))
    put(made, "b.jpg", picture("jpg"))
    (tmp_path / "in" / "b.jpg").chmod(0)
    (tmp_path / "out" / "b.jpg.webp").mkdir()  # in the way of the output
    body = {"Records": [told.s3(key="b.jpg"), told.s3(key="a.jpg")]}
    answer = post(made, body)
    assert (answer.status_code, answer.json()["code"]) == (503, "try_again")
    assert (tmp_path / "out" / "a.jpg.webp").is_file()
    (tmp_path / "in" / "b.jpg").chmod(0o644)
    (tmp_path / "out" / "b.jpg.webp").rmdir()
    assert post(made, body).status_code == 204
    assert (tmp_path / "out" / "b.jpg.webp").is_file()


@pytest.mark.usefixtures("files")
def test_poison_is_acknowledged(made: Darkroom, tmp_path: Path) -> None:
    put(made, "x/a.jpg", b"no picture")
    assert [post(made, as_file(told.push())).status_code for _ in range(2)] == [204, 204]
    assert len([*(tmp_path / "results" / "errors").rglob("*.json")]) == 1


def test_nonsense_is_refused(made: Darkroom) -> None:
    answer = post(made, {"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_event")


def test_no_rules() -> None:
    answer = post(app_with(catalog="none"), told.push())
    assert (answer.status_code, answer.json()["code"]) == (404, "events_off")


def test_another_site_may_not(made: Darkroom) -> None:
    assert post(made, told.push(), Origin="https://evil.example").status_code == 403


def event(name: str = "x/a.jpg") -> CloudEvent:
    return CloudEvent({"type": told.TYPE + "finalized", "source": "//s"}, {"bucket": "in", "name": name})


@pytest.mark.usefixtures("files")
def test_the_event_function(made: Darkroom, tmp_path: Path) -> None:
    put(made, "x/a.jpg", picture("jpg"))
    handle_cloud_event(made.service, event())
    assert (tmp_path / "out" / "x" / "a.jpg.webp").is_file()
    (tmp_path / "out" / "b.jpg.webp").mkdir()
    put(made, "b.jpg", picture("jpg"))
    with pytest.raises(TryAgainError):
        handle_cloud_event(made.service, event("b.jpg"))


def test_the_event_function_without_rules() -> None:
    with pytest.raises(NoRulesError):
        handle_cloud_event(app_with().service, event())


@pytest.mark.usefixtures("files")
def test_lambda_of_sqs_names_what_failed(made: Darkroom, tmp_path: Path) -> None:
    put(made, "a.jpg", picture("jpg"))
    put(made, "b.jpg", picture("jpg"))
    (tmp_path / "out" / "b.jpg.webp").mkdir()
    assert made.service.events
    records = [{**told.sqs({"Records": [told.s3(key=f"{name}.jpg")]}, "1"), "messageId": name} for name in ("a", "b")]
    records.append({**told.sqs({"a": 1}), "messageId": "c"})
    told_back = handle_lambda_event(made.service, {"Records": records})
    assert told_back == {"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]}
    assert (tmp_path / "out" / "a.jpg.webp").is_file()


@pytest.mark.usefixtures("files")
def test_lambda_of_sqs_an_unforeseen_error_is_of_one_message(made: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is done would be delivered again with it, and what comes after it would wait."""
    seen = []

    def process(parsed: Any) -> None:
        seen.append(parsed.events[0].address.key)
        if seen[-1] == "b.jpg":
            raise ZeroDivisionError

    assert made.service.events
    monkeypatch.setattr(made.service.events, "process", process)
    records = [{**told.sqs({"Records": [told.s3(key=f"{name}.jpg")]}, "1"), "messageId": name} for name in "abc"]
    answer = handle_lambda_event(made.service, {"Records": records})
    assert (seen, answer) == (["a.jpg", "b.jpg", "c.jpg"], {"batchItemFailures": [{"itemIdentifier": "b"}]})


@pytest.mark.usefixtures("files")
def test_lambda_of_s3_raises(made: Darkroom, tmp_path: Path) -> None:
    put(made, "b.jpg", picture("jpg"))
    assert made.service.events
    (tmp_path / "out" / "b.jpg.webp").mkdir()
    with pytest.raises(TryAgainError):
        handle_lambda_event(made.service, {"Records": [told.s3(key="b.jpg")]})
    (tmp_path / "out" / "b.jpg.webp").rmdir()
    assert handle_lambda_event(made.service, {"Records": [told.s3(key="b.jpg")]}) == {}


WRONG = {
    "no-results": ({"results": ""}, "DARKROOM_RESULTS"),
    "no-file": ({"rules": "/absent/rules.toml"}, "cannot be read"),
}


@pytest.mark.parametrize(("change", "why"), WRONG.values(), ids=WRONG)
def test_refused_at_start(made: Darkroom, change: dict[str, str], why: str) -> None:
    variables = {
        "files": made.service.settings.files,
        "rules": made.service.settings.rules,
        "results": "file://results",
        **change,
    }
    with pytest.raises(SettingsError, match=why):
        app_with(**{name: value for name, value in variables.items() if value})


def test_wrong_rules_are_refused_at_start(made: Darkroom, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES.replace("SCHEME", "file").replace("when", "wen") + "on_delete = 1\n")
    with pytest.raises(SettingsError) as raised:
        app_with(files=str(tmp_path), rules=str(tmp_path / "rules.toml"), results="file://results")
    assert len(raised.value.problems) == 3
