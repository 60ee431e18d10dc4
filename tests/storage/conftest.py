"""Stores on real servers: a folder, this process, Google's and Amazon's protocols through our proxy, and versitygw."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.loaders import create_loader

from storage.options import Options
from tests.storage.support import BUCKET, PLACES, Place, aws_environment, file_place, make_s3_bucket, place
from tools.emulators import fake_gcs, proxied, versitygw
from tools.emulators.proxied import Proxied


@pytest.fixture(scope="session", autouse=True)
def _credentials() -> Iterator[None]:
    """The emulators' credentials, and none of the machine's."""
    with pytest.MonkeyPatch.context() as patch:
        aws_environment(patch)
        yield


@pytest.fixture(scope="session", autouse=True)
def _services_are_read_once() -> Iterator[None]:
    """Each client would read anew what botocore knows of S3, for some 50 ms."""
    loader = create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda *_: loader)
        yield


@pytest.fixture(scope="session")
def google() -> Iterator[Proxied]:
    """fake-gcs-server behind the proxy, with a bucket."""
    with proxied.google() as proxy:
        fake_gcs.make_bucket(proxy.url, BUCKET)
        yield proxy


@pytest.fixture(scope="session")
def amazon() -> Iterator[Proxied]:
    """moto behind the proxy, with a bucket."""
    with proxied.amazon() as proxy:
        make_s3_bucket(proxy.url)
        yield proxy


@pytest.fixture(scope="session")
def versity() -> Iterator[str]:
    """versitygw, with a bucket."""
    with versitygw.started() as url:
        make_s3_bucket(url)
        yield url


@pytest.fixture(scope="session", params=PLACES)
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A store of each scheme, and a bucket in it."""
    match request.param:
        case "file":
            root = tmp_path_factory.mktemp("root")
            (root / BUCKET).mkdir()
            return place("file", Options(root=root, signing_key=bytes(range(32))))
        case "memory":
            return place("memory", Options(signing_key=bytes(range(32))))
        case "gs":
            return place("gs", Options(gs_endpoint=request.getfixturevalue("google").url, gs_project="test"))
        case "s3-moto":
            return place("s3", Options(s3_endpoint=request.getfixturevalue("amazon").url))
        case _:
            return place("s3", Options(s3_endpoint=request.getfixturevalue("versity")))


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A store of files with an empty bucket."""
    return file_place(tmp_path)


@pytest.fixture
def bucket(here: Place) -> Path:
    """That bucket's folder."""
    assert here.options.root
    return here.options.root / BUCKET
