"""`POST /events` by its senders: the tokens of a real local issuer, the signed messages of a topic, the platform."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from joserfc.jwk import Key
from werkzeug.test import TestResponse

from functions.http import Darkroom
from service.events.senders import TopicSender
from service.settings import SettingsError
from storage.errors import StorageError
from tests.functions.requests import test_events as told
from tests.functions.support import app_with, picture
from tests.service.events.signing import HOST, TOPIC, Topic
from tests.service.keys.issuer import AUDIENCE, Issuer, issuing, rsa

FAR = {"REMOTE_ADDR": "192.0.2.1"}
ACCOUNT = "push@project.iam.gserviceaccount.com"
RULES = '[[rule]]\nwhen = "file://in/**.jpg"\nto = "file://out/{dir}/{name}.webp"\npipeline = "resize:32"\n'
S3_RULES = RULES.replace("file://in", "s3://in")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for bucket in ("in", "out", "results"):
        (tmp_path / bucket).mkdir()
    return tmp_path


def made(folder: Path, rules: str = RULES, **variables: str) -> Darkroom:
    file = folder / "rules.toml"
    file.write_text(rules)
    return app_with(files=str(folder), rules=str(file), results="file://results", catalog="none", **variables)


def post(app: Darkroom, body: Any, **headers: str) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return app.test_client().post("/events", data=data, headers=headers, environ_overrides=FAR)


def outcome(response: TestResponse) -> tuple[int, str | None]:
    return response.status_code, response.get_json()["code"] if response.status_code >= 400 else None


# --- tokens --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as one:
        yield one


@pytest.fixture
def pushed(folder: Path, issuer: Issuer) -> Darkroom:
    return made(folder, events_auth="oidc", events_issuer=issuer.url, events_audience=AUDIENCE, events_accounts=ACCOUNT)


def bearer(issuer: Issuer, key: Key | None = None, **claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {issuer.token(key, **{'email': ACCOUNT, 'email_verified': True, **claims})}"}


def test_a_push_with_its_token(pushed: Darkroom, issuer: Issuer) -> None:
    assert outcome(post(pushed, told.push(), **bearer(issuer))) == (204, None)


REFUSED: dict[str, tuple[dict[str, Any] | None, int, str]] = {
    "no token": (None, 401, "invalid_token"),
    "another account": ({"email": "other@project.iam.gserviceaccount.com"}, 403, "untrusted_event"),
    "an account that is not verified": ({"email_verified": False}, 403, "untrusted_event"),
    "an account that says it is": ({"email_verified": "true"}, 403, "untrusted_event"),
    "no account": ({"email": None}, 403, "untrusted_event"),
    "another audience": ({"aud": "https://other.example"}, 401, "invalid_token"),
    "another issuer": ({"iss": "https://other.example"}, 401, "invalid_token"),
    "expired": ({"exp": 1}, 401, "invalid_token"),
    "another key": ({"key": rsa("one")}, 401, "invalid_token"),
}


@pytest.mark.parametrize(("claims", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_any_other_token(
    pushed: Darkroom, issuer: Issuer, claims: dict[str, Any] | None, status: int, code: str
) -> None:
    response = post(pushed, told.push(), **({} if claims is None else bearer(issuer, **claims)))
    assert outcome(response) == (status, code)
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer a b", "bearer  ", "abc"])
def test_any_other_header(pushed: Darkroom, header: str) -> None:
    assert outcome(post(pushed, told.push(), Authorization=header)) == (401, "invalid_token")


def test_a_token_of_events_opens_no_other_door(pushed: Darkroom, issuer: Issuer) -> None:
    response = pushed.test_client().get("/v1/filters", headers=bearer(issuer), environ_overrides=FAR)
    assert response.status_code == 401


def test_this_machine_needs_a_token_too(pushed: Darkroom) -> None:
    assert outcome(pushed.test_client().post("/events", json=told.push())) == (401, "invalid_token")


# --- topics --------------------------------------------------------------------------------------------------------


@pytest.fixture
def topic() -> Topic:
    return Topic()


def listening(folder: Path, topic: Topic, rules: str = RULES) -> Darkroom:
    app = made(folder, rules, events_auth="sns", events_topics=TOPIC)
    sender = app.service.event_sender
    assert isinstance(sender, TopicSender)
    sender._verifier._fetch = topic.fetch
    return app


def test_a_signed_message_makes_outputs(folder: Path, topic: Topic, monkeypatch: pytest.MonkeyPatch) -> None:
    from functions.requests import events

    usual = events._object_event
    monkeypatch.setattr(events, "_object_event", lambda _, *rest: usual("file", *rest))
    (folder / "in" / "a.jpg").write_bytes(picture("jpg"))
    app = listening(folder, topic)
    assert outcome(post(app, topic.message({"Records": [told.s3(key="a.jpg")]}))) == (204, None)
    assert (folder / "out" / "a.jpg.webp").is_file()


def test_a_message_of_anybody_else(folder: Path, topic: Topic) -> None:
    app = listening(folder, topic)
    told_s3 = {"Records": [told.s3(key="a.jpg")]}
    for body in (told_s3, told.push(), {**topic.message(told_s3), "Message": "{}"}, Topic().message(told_s3), b""):
        assert outcome(post(app, body)) == (403, "untrusted_event")
    assert outcome(post(app, b" " * 2_000_000)) == (413, "too_many_bytes")


ADDED: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "records": ({"Records": [told.s3(key="a.jpg")]}, {}),
    "a record": (told.s3(key="a.jpg"), {}),
    "a CloudEvent": ({"specversion": "1.0", "type": "google.cloud.storage.object.v1.finalized"}, {}),
    "a push": (told.push(), {}),
    "an SQS message": ({"messageId": "1", "body": "{}"}, {}),
    "headers": ({}, {"ce-type": "google.cloud.storage.object.v1.finalized", "ce-specversion": "1.0"}),
}


@pytest.mark.parametrize(("members", "headers"), ADDED.values(), ids=ADDED)
def test_nothing_can_be_added_to_a_signed_message(
    folder: Path, topic: Topic, monkeypatch: pytest.MonkeyPatch, members: dict[str, Any], headers: dict[str, str]
) -> None:
    """A message that was seen once is genuine for an hour, and what is not signed of it is anybody's."""
    app = listening(folder, topic)
    seen: list[Any] = []
    assert app.service.events is not None
    monkeypatch.setattr(app.service.events, "process", seen.append)
    message = topic.message({"Event": "s3:TestEvent", "Bucket": "in"})
    assert outcome(post(app, {**members, **message}, **headers)) == (204, None)
    assert outcome(post(app, {**message, **members}, **headers))[0] in {204, 403}
    for parsed in seen:
        assert parsed.events == ()
        assert parsed.ignored == ('test event of bucket "in"',)


def test_a_confirmation_is_not_followed(folder: Path, topic: Topic) -> None:
    app = listening(folder, topic)
    message = topic.message(Type="SubscriptionConfirmation", Token="a", SubscribeURL=f"{HOST}/?Action=Confirm")
    assert outcome(post(app, message)) == (204, None)
    assert len(topic.asked) == 1


# --- the platform, and no setting ----------------------------------------------------------------------------------


def test_the_platform_is_trusted_for_events_alone(folder: Path) -> None:
    app = made(folder, events_auth="platform")
    assert outcome(post(app, told.push())) == (204, None)
    assert outcome(app.test_client().post("/v1/images", data=b"x", environ_overrides=FAR))[0] == 401


@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_another_sites_page_is_no_sender(folder: Path, header: dict[str, str]) -> None:
    """What the platform lets through may be a visitor's browser."""
    assert outcome(post(made(folder, events_auth="platform"), told.push(), **header)) == (403, "cross_site")


@pytest.mark.parametrize(("variables", "status"), [({}, 401), ({"auth": "none"}, 403), ({"auth": "platform"}, 403)])
def test_without_the_setting_a_scope_is_needed(folder: Path, variables: dict[str, str], status: int) -> None:
    assert post(made(folder, **variables), told.push()).status_code == status


@pytest.mark.parametrize("bucket", ["other", "out"])
def test_other_buckets_are_not_looked_at(folder: Path, monkeypatch: pytest.MonkeyPatch, bucket: str) -> None:
    """Not even when an event is given up because the catalog does not answer."""
    app = made(folder, S3_RULES, events_auth="platform", event_seconds="1")
    asked: list[Any] = []

    def looked(*place: Any) -> Any:
        asked.append(place)
        raise StorageError("Nothing is to be asked for here.")

    monkeypatch.setattr(type(app.service.storage.stores), "of", looked)
    assert app.service.events is not None
    context = msgspec.structs.replace(app.service.events.context, catalog=looked)
    monkeypatch.setattr(app.service.events, "context", context)
    record = {**told.s3(key="a.jpg"), "eventTime": "2020-01-01T00:00:00Z"}
    record["s3"]["bucket"]["name"] = bucket
    assert outcome(post(app, {"Records": [record]})) == (204, None)
    assert asked == []


PROBLEMS: dict[str, tuple[dict[str, str], str]] = {
    "no audience": ({"events_auth": "oidc", "events_accounts": ACCOUNT}, "DARKROOM_EVENTS_AUDIENCE"),
    "no accounts": ({"events_auth": "oidc", "events_audience": AUDIENCE}, "DARKROOM_EVENTS_ACCOUNTS"),
    "no https": (
        {"events_auth": "oidc", "events_audience": "a", "events_accounts": "b", "events_issuer": "http://a.example"},
        "DARKROOM_EVENTS_ISSUER",
    ),
    "no topics": ({"events_auth": "sns"}, "DARKROOM_EVENTS_TOPICS"),
    "a queue": ({"events_auth": "sns", "events_topics": TOPIC.replace("sns", "sqs")}, "DARKROOM_EVENTS_TOPICS"),
    "no such way": ({"events_auth": "none"}, "DARKROOM_EVENTS_AUTH"),
}  # fmt: skip


@pytest.mark.parametrize(("variables", "named"), PROBLEMS.values(), ids=PROBLEMS)
def test_settings_that_verify_nobody(folder: Path, variables: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        made(folder, **variables)
