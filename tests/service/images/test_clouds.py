"""The life of a kept picture where the results are in a bucket of either cloud, on real servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.limits import Deadline
from functions.http import Darkroom
from tests.functions.routes.images.test_images import JPEG, put
from tests.functions.support import app_with, client_of, decoded
from tests.storage.support import BUCKET, aws_environment, make_s3_bucket
from tools.emulators import fake_gcs, proxied, versitygw


@pytest.fixture(scope="module", params=["gs", "s3"])
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Darkroom]:
    kept = {"results": f"{request.param}://{BUCKET}/own/", "data": str(tmp_path_factory.mktemp("data"))}
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        if request.param == "gs":
            with proxied.google() as proxy:
                fake_gcs.make_bucket(proxy.url, BUCKET)
                yield app_with(**kept, gs_endpoint=proxy.url, gs_project="test", sources=f"gs://{BUCKET}/own/images/")
        else:
            with versitygw.started() as url:
                make_s3_bucket(url)
                yield app_with(**kept, s3_endpoint=url, s3_region="us-east-1", sources=f"s3://{BUCKET}/own/images/")


def keys(app: Darkroom) -> list[str]:
    assert app.service.storage.results
    listed = app.service.storage.stores.of(app.service.storage.results).list(app.service.storage.results, Deadline(60))
    return [entry.address.key.rpartition("/")[0] for entry in listed]


def test_a_life(app: Darkroom, tmp_path: Path) -> None:
    client = client_of(app)
    row = put(client, name="Straße.jpg")
    url = f"/v1/images/{row['id']}"
    assert row["name"] == "Straße.jpg"
    assert client.get(f"{url}/original").content == JPEG
    assert client.get(f"{url}/original", headers={"Range": "bytes=5-9"}).content == JPEG[5:10]
    made = client.get(f"{url}/resize:48")
    assert decoded(made.content).shape == (32, 48, 3)
    scheme, _, rest = row["source"].partition("://")
    same = client.get(f"/v1/render/resize:48/-/{scheme}/{rest}")
    assert (same.content, same.headers["etag"]) == (made.content, made.headers["etag"])
    assert client.get(f"{url}/resize:48", headers={"If-None-Match": made.headers["etag"]}).status_code == 304
    assert keys(app) == ["own/images", f"own/renders/{row['id']}"]
    assert client.delete(url).status_code == 204
    assert client.delete(url).status_code == 404
    assert keys(app) == []
