"""A batch from one bucket into another of a cloud: by the command, over the cloud's own protocol, twice at once."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.limits import Deadline
from storage.address import Address
from storage.facts import ObjectMetadata
from storage.options import Options
from storage.registry import Stores
from tests.batch.support import finish, start
from tests.functions.support import picture
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket
from tools.emulators import fake_gcs, proxied
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


def test_two_batches_at_once_make_each_result_once(cloud: tuple[str, Proxied], tmp_path: Path) -> None:
    scheme, proxy = cloud
    endpoint = "DARKROOM_GS_ENDPOINT" if scheme == "gs" else "DARKROOM_S3_ENDPOINT"
    options = Options(gs_endpoint=proxy.url) if scheme == "gs" else Options(s3_endpoint=proxy.url)
    place = Address(scheme, BUCKET, "")
    store = Stores(options).of(place)
    for number in range(COUNT):
        about = ObjectMetadata(content_type="image/jpeg")
        store.write(place.at(f"in/{number:02d} ü.jpg"), picture("jpeg", 3, 30 + number, 20), about, Deadline(60))
    settings = {
        endpoint: proxy.url,
        "DARKROOM_GS_PROJECT": "p",
        **{k: v for k, v in os.environ.items() if k.startswith("AWS_")},
    }
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
