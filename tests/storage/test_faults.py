"""Every fault on every call: the right result or an error that says "try again", and never a second effect."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from core.limits import Deadline
from storage import retry
from storage.address import Address
from storage.errors import ChangedError, ChecksumError, RefusedTargetError, TransientError
from storage.facts import ObjectMetadata
from storage.options import Options
from tests.storage.support import Place, make_s3_bucket, place, soon
from tools.emulators import fake_gcs
from tools.emulators.dialects import Effect
from tools.emulators.faults import Kind, Rule
from tools.emulators.proxied import Proxied

KINDS: tuple[Kind, ...] = get_args(Kind)
PASSING = [kind for kind in KINDS if kind not in {"forget", "flip"}]
"""`forget` is a store's lack, not an accident; a flipped bit of an answer's own text, TLS keeps away from us."""
BODY = bytes(range(256)) * 2000


class Cloud:
    """A store through the proxy."""

    def __init__(self, place: Place, proxy: Proxied) -> None:
        self.place = place
        self.proxy = proxy

    def prepared(self, *, empty: bool = False) -> tuple[Address, str]:
        """An address and its version, with the ledger empty and no faults."""
        self.proxy.reset()
        address = self.place.address()
        version = "" if empty else self.place.put(address, BODY).version
        self.proxy.reset()
        return address, version

    def effects(self, address: Address) -> list[Effect]:
        return [effect for effect in self.proxy.ledger() if effect.key == address.key]


@pytest.fixture(scope="module", params=["gs", "s3"])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """Both clouds; calls give up a silent connection soon."""
    if request.param == "gs":
        proxy: Proxied = request.getfixturevalue("google")
        options = Options(gs_endpoint=proxy.url, gs_project="test", stall_seconds=5)
    else:
        proxy = request.getfixturevalue("amazon")
        options = Options(s3_endpoint=proxy.url, stall_seconds=5)
    here = place(request.param, options)
    here.put(here.address())  # the probe of an S3 endpoint is behind us
    yield Cloud(here, proxy)
    proxy.reset()


Act = Callable[[Place, Address, str, Deadline], Any]
ACTS: dict[str, Act] = {
    "stat": lambda at, address, _, deadline: at.store.read(address, deadline).stat.size,
    "read": lambda at, address, _, deadline: bytes(at.store.read(address, deadline).all(len(BODY))),
    "create": lambda at, address, _, deadline: at.store.write(address, BODY, ObjectMetadata(), deadline).size,
    "replace": lambda at, address, version, deadline: (
        at.store.write(address, b"new", ObjectMetadata(), deadline, replaces=version).size
    ),
    "list": lambda at, address, _, deadline: [entry.size for entry in at.store.list(address, deadline)],
    "delete": lambda at, address, version, deadline: at.store.delete(address, version, deadline),
}
RESULTS = {"stat": len(BODY), "read": BODY, "create": len(BODY), "replace": 3, "list": [len(BODY)], "delete": None}
EFFECTS = {"stat": [], "read": [], "create": ["write"], "replace": ["write"], "list": [], "delete": ["delete"]}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", PASSING)
def test_one_fault(cloud: Cloud, kind: Kind, act: str) -> None:
    """At the first call of an act, then at the second, and so on: the result is right, the effect there once."""
    for skip in range(4):
        address, version = cloud.prepared(empty=act == "create")
        cloud.proxy.befall(Rule(kind, key=f"{address.key}*" if act != "list" else "*", times=1, skip=skip, seconds=0.2))
        assert ACTS[act](cloud.place, address, version, soon()) == RESULTS[act]
        assert [effect.op for effect in cloud.effects(address)] == EFFECTS[act]
        if not cloud.proxy.counts()["faults"]:
            break
    assert skip > 0, "no call was befallen"


ENDLESS = [
    (kind, act)
    for kind, act in itertools.product(PASSING, ACTS)
    if kind != "slow" and (kind != "cut" or act in {"read", "list"})  # the other answers may have no body to cut
]


@pytest.mark.parametrize(("kind", "act"), ENDLESS)
def test_a_fault_without_end(cloud: Cloud, kind: Kind, act: str) -> None:
    """Every call fails: an error that says "try again", in time, and at most one effect."""
    address, version = cloud.prepared(empty=act == "create")
    cloud.proxy.befall(Rule(kind, seconds=0.1))
    with pytest.raises(TransientError) as caught:
        ACTS[act](cloud.place, address, version, Deadline(0.4))
    assert caught.value.retry
    assert len(cloud.effects(address)) <= 1


@pytest.mark.parametrize("kind", ["lost", "503-after"])
@pytest.mark.parametrize("act", ["create", "replace"])
def test_a_write_whose_answers_are_all_lost_is_seen_to_have_been_done(cloud: Cloud, kind: Kind, act: str) -> None:
    address, version = cloud.prepared(empty=act == "create")
    cloud.proxy.befall(Rule(kind, op="write"))
    assert ACTS[act](cloud.place, address, version, soon()) == RESULTS[act]
    assert len(cloud.effects(address)) == 1


def test_a_flipped_bit_of_a_body_is_noticed(cloud: Cloud) -> None:
    address, _ = cloud.prepared()
    cloud.proxy.befall(Rule("flip", op="read", times=1))
    with pytest.raises(ChecksumError):
        cloud.place.get(address)
    assert cloud.place.get(address) == BODY


def test_a_body_is_taken_up_where_it_broke(cloud: Cloud) -> None:
    """Two cuts: three reads, of which no byte is fetched twice."""
    address, _ = cloud.prepared()
    cloud.proxy.befall(Rule("cut", op="read", times=2))
    reading = cloud.place.store.read(address, soon())
    assert sum(map(len, reading.pieces())) == len(BODY)
    assert cloud.proxy.counts()["calls"]["read"] == 3


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between tries, without making them."""
    pauses: list[float] = []
    monkeypatch.setattr(retry, "time", SimpleNamespace(sleep=pauses.append))
    return pauses


@pytest.mark.parametrize("kind", ["429", "503"])
def test_the_stores_own_pause_is_kept(cloud: Cloud, slept: list[float], kind: Kind) -> None:
    address, _ = cloud.prepared()
    cloud.proxy.befall(Rule(kind, op="read", times=1, retry_after=7))
    assert cloud.place.get(address) == BODY
    assert len(slept) == 1
    assert slept[0] >= 7


def test_a_pause_past_the_deadline_is_not_begun(cloud: Cloud, slept: list[float]) -> None:
    address, _ = cloud.prepared()
    cloud.proxy.befall(Rule("503", retry_after=60))
    with pytest.raises(TransientError):
        cloud.place.store.read(address, Deadline(50))
    assert slept == []


@pytest.mark.parametrize("key", ["*", ".darkroom-probe-*"])
def test_an_s3_that_knows_no_preconditions_is_no_target(amazon: Proxied, key: str) -> None:
    """The probe tells, before anything is written."""
    bucket = f"forgetful-{len(key)}"
    make_s3_bucket(amazon.url, bucket)
    here = place("s3", Options(s3_endpoint=amazon.url))
    amazon.reset()
    amazon.befall(Rule("forget", key=key))
    address = here.address(bucket=bucket)
    try:
        with pytest.raises(RefusedTargetError) as caught:
            here.put(address)
        assert not caught.value.retry
    finally:
        amazon.befall()
    assert all(effect.key.startswith(".darkroom-probe-") for effect in amazon.ledger())
    assert here.keys(address.at(".darkroom")) == []


@pytest.mark.parametrize("kind", PASSING)
def test_the_probe_survives_faults(amazon: Proxied, kind: Kind) -> None:
    bucket = f"probed-{kind}"
    amazon.befall()
    make_s3_bucket(amazon.url, bucket)
    for skip in range(4):
        here = place("s3", Options(s3_endpoint=amazon.url))
        amazon.befall(Rule(kind, key=".darkroom-probe-*", times=1, skip=skip, seconds=0.1))
        try:
            here.put(here.address(bucket=bucket))
        finally:
            amazon.befall()
    assert here.keys(here.address(bucket=bucket).at(".darkroom")) == []


STORM = [Rule(kind, rate=0.03, seconds=0.1) for kind in PASSING]


@pytest.mark.parametrize("seed", range(2))
def test_a_storm(cloud: Cloud, seed: int) -> None:
    """Threads count together by compare and swap while a quarter of all calls fails, in every way.

    Each write that was told to have taken effect did so once; each that was refused or left open, at most once; and
    the number that stands there at the end is the number of effects.
    """
    address, _ = cloud.prepared(empty=True)
    cloud.place.put(address, b"0")
    cloud.proxy.reset()
    cloud.proxy.befall(*STORM)
    marks, done, lock = itertools.count(), set(), threading.Lock()

    def count(_: int) -> None:
        for _ in range(8):
            mark = f"{seed}-{next(marks)}"
            with contextlib.suppress(ChangedError, TransientError):
                reading = cloud.place.store.read(address, Deadline(30))
                number = int(reading.all(99)) + 1
                about = ObjectMetadata(metadata={"mark": mark})
                cloud.place.store.write(address, b"%d" % number, about, Deadline(30), replaces=reading.stat.version)
                with lock:
                    done.add(mark)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    cloud.proxy.befall()
    effects = [effect.metadata["mark"] for effect in cloud.effects(address)]
    assert len(effects) == len(set(effects)), "a write took effect twice"
    assert done <= set(effects)
    assert len(done) >= 4
    assert int(cloud.place.get(address)) == len(effects)


def test_the_proxy_holds_what_the_emulator_ignores(google: Proxied) -> None:
    """Without it, fake-gcs-server deletes whatever version is there; that is why it stands before it."""
    here = place("gs", Options(gs_endpoint=google.url, gs_project="test"))
    address = here.address()
    here.put(address, b"new")
    with pytest.raises(ChangedError):
        here.delete(address, "1")
    with fake_gcs.started() as bare:
        fake_gcs.make_bucket(bare, address.bucket)
        there = place("gs", Options(gs_endpoint=bare, gs_project="test"))
        there.put(address, b"new")
        there.delete(address, "1")
        assert there.keys(address) == []
