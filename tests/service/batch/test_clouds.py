"""A batch from one bucket into another of a cloud: by the command, over the cloud's own protocol, twice at once."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.limits import Deadline
from functions.jobs import batch
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.objects import Store
from storage.options import Options
from storage.publish import find_object
from storage.registry import Stores
from tests.batch.support import finish, start
from tests.functions.support import picture
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket
from tools.emulators import fake_gcs, proxied
from tools.emulators.faults import Rule
from tools.emulators.proxied import Proxied

COUNT = 12


@pytest.fixture(scope="module", params=["gs", "s3"])
def cloud(request: pytest.FixtureRequest) -> Iterator[tuple[str, Proxied]]:
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        with proxied.google() if request.param == "gs" else proxied.amazon() as proxy:
            if request.param == "gs":
                fake_gcs.make_bucket(proxy.url, BUCKET)
            else:
                make_s3_bucket(proxy.url)
            yield request.param, proxy


def endpoint(cloud: tuple[str, Proxied]) -> dict[str, str]:
    """The settings with which a batch finds this cloud."""
    scheme, proxy = cloud
    return {f"DARKROOM_{scheme.upper()}_ENDPOINT": proxy.url, "DARKROOM_GS_PROJECT": "p"}


def filled(cloud: tuple[str, Proxied]) -> tuple[Address, Store]:
    """Its bucket and store, with pictures in it."""
    scheme, proxy = cloud
    proxy.reset()
    options = Options(gs_endpoint=proxy.url) if scheme == "gs" else Options(s3_endpoint=proxy.url)
    place = Address(scheme, BUCKET, "")
    store = Stores(options).of(place)
    for number in range(COUNT):
        address, about = place.at(f"in/{number:02d} ü.jpg"), ObjectMetadata(content_type="image/jpeg")
        if find_object(store, address, Deadline(60)) is None:
            store.write(address, picture("jpeg", 3, 30 + number, 20), about, Deadline(60))
    return place, store


def test_two_batches_at_once_make_each_result_once(cloud: tuple[str, Proxied], tmp_path: Path) -> None:
    scheme, _proxy = cloud
    place, store = filled(cloud)
    settings = {**endpoint(cloud), **{k: v for k, v in os.environ.items() if k.startswith("AWS_")}}
    command = ["-m", "functions.jobs.batch", "--from", f"{scheme}://{BUCKET}/in/", "--to", f"{scheme}://{BUCKET}/out/",
               "--pipeline", "resize:16", "--format", "webp", "--processes", "1"]  # fmt: skip
    both = [start([sys.executable, *command, "--name", one], settings) for one in ("a", "b")]
    for process in both:
        finish(process)
    made = [entry.address.key for entry in store.list(place.at("out/in/"), Deadline(60))]
    assert made == [f"out/in/{number:02d} ü.webp" for number in range(COUNT)]
    wrote = 0
    for one in ("a", "b"):
        file = tmp_path / f"{one}.jsonl"
        finish(start([sys.executable, *command, "--name", one, "--manifest", str(file)], settings))
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        assert [row["outcome"] for row in rows] == ["done"] * COUNT
        wrote += sum(row["wrote"] for row in rows)
    assert wrote == COUNT, "who came second wrote nothing"


FAULTS = {
    # Of the lists, the first is the ledger's, the second counts what there is to do.
    "first": (Rule("503", op="list", skip=1), "The storage "),
    "listing": (Rule("503", op="list", skip=2), "because the listing broke off: The storage"),
    "ledger": (Rule("503", op="write", key="*.jsonl"), "because the ledger cannot be written"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_store_that_fails_for_long_stops_a_batch_that_then_goes_on(
    cloud: tuple[str, Proxied], what: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (scheme, proxy), (fault, text) = cloud, FAULTS[what]
    place, store = filled(cloud)
    for name, value in endpoint(cloud).items():
        monkeypatch.setenv(name, value)
    bucket = f"{scheme}://{BUCKET}"
    command = ["--from", f"{bucket}/in/", "--to", f"{bucket}/{what}/", "--pipeline", "resize:16", "--processes", "1"]
    proxy.befall(msgspec.structs.replace(fault))
    with monkeypatch.context() as patched:
        patched.setattr("service.batch.listing.PATIENCE", 1.0)
        if fault.op == "write":
            patched.setattr("service.batch.ledger._SECONDS", 1.0)
        assert batch.main(command) == batch.STOPPED
    told = capsys.readouterr()
    assert text in told.out + told.err
    assert "Traceback" not in told.err
    proxy.reset()
    assert batch.main(command) == 0
    assert f"{COUNT} objects" in capsys.readouterr().out
    assert len(list(store.list(place.at(f"{what}/in/"), Deadline(60)))) == COUNT
