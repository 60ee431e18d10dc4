"""`source` and `to` on clouds, over HTTP and through faults: what is written takes effect once, whatever gets lost."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from werkzeug.serving import make_server

from core.limits import Deadline
from functions.http import Darkroom
from storage.address import Address
from storage.facts import ObjectMetadata, Stat
from tests.functions.support import app_with, decoded, picture
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket
from tests.waiting import PATIENCE
from tools.emulators import fake_gcs, proxied
from tools.emulators.dialects import Effect
from tools.emulators.faults import Rule
from tools.emulators.proxied import Proxied

PNG = picture("png")
NAMES = iter(range(10**6))


@pytest.fixture(scope="module", params=["gs", "s3"])
def cloud(request: pytest.FixtureRequest) -> Iterator[tuple[str, Proxied]]:
    """A scheme and the proxy before its emulator, with a bucket."""
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        with proxied.google() if request.param == "gs" else proxied.amazon() as proxy:
            if request.param == "gs":
                fake_gcs.make_bucket(proxy.url, BUCKET)
            else:
                make_s3_bucket(proxy.url)
            yield request.param, proxy


class Place:
    """The application, and one source of its own."""

    def __init__(self, scheme: str, proxy: Proxied, app: Darkroom, door: httpx.Client) -> None:
        self.scheme, self.proxy, self.door = scheme, proxy, door
        number = next(NAMES)
        self.source = Address(scheme, BUCKET, f"in/{number}/straße %2F.png")
        self.target = Address(scheme, BUCKET, f"out/{number}/ü.webp")
        self.store = app.service.storage.stores.of(self.source)
        self.put(self.source, PNG)
        proxy.reset()

    def put(self, address: Address, body: bytes, replaces: str | None = None) -> Stat:
        return self.store.write(address, body, ObjectMetadata(), Deadline(60), replaces=replaces)

    def ask(self, **members: Any) -> httpx.Response:
        asked = {"source": str(self.source), "pipeline": "resize:16", "to": str(self.target), **members}
        return self.door.post("/v1/process", json=asked)

    def read(self, address: Address | None = None) -> tuple[Stat, bytes]:
        reading = self.store.read(address or self.target, Deadline(60))
        return reading.stat, bytes(reading.all(10**6))

    def effects(self) -> list[Effect]:
        """Writes under `out/`: the probe of an endpoint is none of them."""
        return [effect for effect in self.proxy.ledger() if effect.key.startswith("out/")]


@pytest.fixture(scope="module")
def app(cloud: tuple[str, Proxied]) -> Darkroom:
    scheme, proxy = cloud
    lists = {"sources": f"{scheme}://{BUCKET}/in/", "targets": f"{scheme}://{BUCKET}/out/"}
    return app_with(gs_project="test", log_level="error", **{f"{scheme}_endpoint": proxy.url}, **lists)


@pytest.fixture(scope="module")
def door(app: Darkroom) -> Iterator[httpx.Client]:
    """The application in a server of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=PATIENCE) as client:
        yield client
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def place(cloud: tuple[str, Proxied], app: Darkroom, door: httpx.Client) -> Place:
    return Place(*cloud, app, door)


def limited(app: Darkroom, patch: pytest.MonkeyPatch, **limits: Any) -> None:
    """Give the application other limits."""
    changed = msgspec.structs.replace(app.service.processor.limits, **limits)
    patch.setattr(app.service, "processor", msgspec.structs.replace(app.service.processor, limits=changed))


def test_a_result_is_stored(place: Place) -> None:
    told = place.ask().json()
    stat, body = place.read()
    assert decoded(body).shape[1] == 16
    assert (told["url"], told["size"], told["version"]) == (str(place.target), len(body), stat.version)
    assert told["source"]["url"] == str(place.source)
    assert (stat.about.content_type, stat.about.cache_control) == ("image/webp", "no-cache")
    assert stat.about.metadata["digest"] == told["digest"]
    assert stat.about.metadata["source-version"] == told["source"]["version"]
    assert stat.about.metadata["made-by"] == "darkroom"
    assert len(place.effects()) == 1


def test_the_same_is_written_once_and_another_source_anew(place: Place) -> None:
    first = place.ask()
    assert place.ask().json() == first.json()
    assert len(place.effects()) == 1
    place.put(place.source, picture("png", 1), place.read(place.source)[0].version)
    again = place.ask()
    assert (again.status_code, again.headers["etag"] == first.headers["etag"]) == (201, False)
    assert len(place.effects()) == 2


def test_a_result_costs_few_calls(place: Place) -> None:
    place.ask(pipeline="flip")  # the endpoint of s3 is proven once
    place.proxy.reset()
    assert place.ask(to=f"{place.target}.webp").status_code == 201
    assert place.proxy.counts()["calls"] == {"stat": 2, "read": 1, "write": 1}


FAULTS: dict[str, list[Rule]] = {
    "the write's answer is lost": [Rule("lost", "write", times=1)],
    "and a busy answer before": [Rule("503", "write", times=1), Rule("lost", "write", times=1)],
    "two answers are lost": [Rule("lost", "write", times=2)],
    "an error after the effect": [Rule("503-after", "write", times=1)],
    "the write never arrives": [Rule("reset", "write", times=1)],
    "too many calls": [Rule("429", "write", times=1), Rule("429", "stat", times=1), Rule("429", "read", times=1)],
    "looking fails": [Rule("500", "stat", times=2), Rule("reset", "stat", times=1)],
    "the source is cut": [Rule("cut", "read", times=1)],
    "the look after a lost answer fails": [Rule("lost", "write", times=1), Rule("503", "stat", times=1, skip=2)],
    "a conflict": [Rule("409", "write", times=1)],
}


@pytest.mark.parametrize("rules", FAULTS.values(), ids=FAULTS)
def test_through_faults_it_is_written_once(place: Place, rules: list[Rule]) -> None:
    place.proxy.befall(*(msgspec.structs.replace(rule, key="*ü.webp" if rule.op == "write" else "*") for rule in rules))
    response = place.ask()
    faults = place.proxy.counts()["faults"]
    place.proxy.befall()
    assert response.status_code == 201, response.text
    assert sum(faults.values()) >= 1
    assert len(place.effects()) == 1
    stat, body = place.read()
    assert stat.version == response.json()["version"]
    assert decoded(body).shape[1] == 16


def test_a_source_whose_bytes_are_others_is_refused(place: Place) -> None:
    place.proxy.befall(Rule("flip", "read"))
    response = place.ask()
    assert (response.status_code, response.json()["code"]) == (502, "checksum_mismatch")
    assert place.effects() == []


ENDLESS = {
    "busy": ([Rule("503", "stat")], {503, 504}),
    "errors": ([Rule("500", "stat")], {502, 504}),
    "resets": ([Rule("reset", "stat")], {502, 504}),
    "a write that is never heard of": ([Rule("lost", "write", key="*ü.webp"), Rule("reset", "stat", skip=2)], {504}),
}


@pytest.mark.parametrize(("rules", "statuses"), ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_an_error_of_storage(
    place: Place, app: Darkroom, rules: list[Rule], statuses: set[int]
) -> None:
    place.proxy.befall(*rules)
    with pytest.MonkeyPatch.context() as patch:
        limited(app, patch, seconds=1.5)
        response = place.ask()
    place.proxy.befall()
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert place.proxy.url.removeprefix("http://") not in response.text
    assert place.ask().status_code == 201
    assert len(place.effects()) == 1


def refusals(place: Place) -> dict[str, tuple[dict[str, Any], int, str]]:
    elsewhere = f"{place.scheme}://{BUCKET}"
    nowhere = f"{place.scheme}://nowhere"
    return {
        "another folder": ({"source": f"{elsewhere}/out/a.png"}, 403, "not_allowed"),
        "another bucket": ({"source": f"{nowhere}/in/a.png"}, 403, "not_allowed"),
        "to a source's folder": ({"to": f"{elsewhere}/in/a.png"}, 403, "not_allowed"),
        "not there": ({"source": f"{elsewhere}/in/nothing.png"}, 404, "no_object"),
        "up": ({"source": f"{elsewhere}/in/../out/a.png"}, 400, "bad_address"),
    }


@pytest.mark.parametrize("name", ["another folder", "another bucket", "to a source's folder", "not there", "up"])
def test_refused(place: Place, name: str) -> None:
    members, status, code = refusals(place)[name]
    response = place.ask(**members)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert place.effects() == []


def test_too_long_a_source_is_not_read(place: Place, app: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    limited(app, monkeypatch, body_bytes=len(PNG) - 1)
    response = place.ask()
    assert (response.status_code, response.json()["code"]) == (413, "too_many_bytes")
    assert "read" not in place.proxy.counts()["calls"]


def test_who_was_there_meanwhile_is_replaced_knowingly(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another writer comes between our look and our write: ours is compared anew, not laid over it blindly."""
    write: Callable[..., Stat] = place.store.write
    first = [True]

    def late(address: Address, *rest: Any, **named: Any) -> Stat:
        if first.pop():
            write(address, b"another's", ObjectMetadata(), Deadline(60))
        first.append(False)
        return write(address, *rest, **named)

    monkeypatch.setattr(place.store, "write", late)
    assert place.ask().status_code == 201
    assert [effect.size for effect in place.effects()] == [9, place.read()[0].size]
