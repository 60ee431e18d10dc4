"""What the image's build takes out of an environment: much, and nothing that the server needs."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ("core", "storage", "catalog", "service", "functions")
LOSING = ("imagecodecs", "imagecodecs.libs", "botocore", "numpy")
"""Folders of packages that lose something; `numpy.libs` only has to lie beside one of them."""
STILL_WORKS = """
import sys
from pathlib import Path
import botocore.session, imagecodecs, numpy
for package in (botocore, imagecodecs, numpy):
    assert Path(package.__file__).is_relative_to(sys.argv[1]), package
from core import codecs
from core.limits import Limits
from tests.conftest import made_picture
from tests.core.codecs.support import first, written
from tests.core.codecs.test_libjxl import READ
print(first(written(made_picture(3, 40, 30), "jxl")).shape)
print(first(bytes(READ["JPEG of 12 bits"][0])).shape)
for service in ("s3", "sts", "sso", "sso-oidc", "signin"):
    print(botocore.session.get_session().create_client(service, region_name="eu-west-1").meta.endpoint_url)
"""
NOW_NAMED = {
    "by an import": "from imagecodecs import png_decode",
    "by an attribute": "import imagecodecs\n\ndef decoded(data):\n    return imagecodecs.png_decode(data)",
    "by its module": 'from importlib import import_module\n\nimport_module("imagecodecs._png")',
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The code as the image has it."""
    for name in SOURCE:
        shutil.copytree(ROOT / name, tmp_path / "source" / name)
    return tmp_path / "source"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Packages as they were installed."""
    for name in (*LOSING, "numpy.libs"):
        shutil.copytree(Path(sysconfig.get_path("platlib")) / name, tmp_path / "packages" / name)
    return tmp_path / "packages"


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def take_out(packages: Path, source: Path) -> str:
    """As the Dockerfile does; what it prints."""
    command = [sys.executable, "-B", str(ROOT / "tools" / "unused.py"), str(packages), str(source)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_what_is_left_works(packages: Path, source: Path) -> None:
    before = {name: size(packages / name) for name in LOSING}
    told = take_out(packages, source)
    left = {name: size(packages / name) / before[name] for name in LOSING}
    assert left["imagecodecs"] < 0.2, told
    assert left["imagecodecs.libs"] < 0.4, told
    assert left["botocore"] < 0.4, told
    assert left["numpy"] < 0.8, told
    environment = {**os.environ, "PYTHONPATH": f"{packages}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", STILL_WORKS, str(packages)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[:2] == ["(30, 40, 3)", "(30, 40, 1)"]
    assert [line.startswith("https://") for line in lines[2:]] == [True] * 5


@pytest.mark.parametrize("how", NOW_NAMED)
def test_what_code_names_stays(how: str, packages: Path, source: Path) -> None:
    """Code that nobody has told this tool about keeps its decoder, and the library behind it."""
    (source / "core" / "added.py").write_text(NOW_NAMED[how])
    take_out(packages, source)
    assert [*(packages / "imagecodecs").glob("_png.*.so")]
    assert [*(packages / "imagecodecs.libs").glob("libpng16-*")]
    assert not [*(packages / "imagecodecs").glob("_avif.*.so")]


def test_a_service_that_code_names_stays(packages: Path, source: Path) -> None:
    (source / "core" / "added.py").write_text('def queue(session):\n    return session.client("sqs", timeout=1)\n')
    take_out(packages, source)
    kept = {path.parent.parent.name for path in packages.glob("botocore/data/*/*/*")}
    assert kept == {"s3", "sts", "sso", "sso-oidc", "signin", "sqs"}


def test_a_name_that_is_wrong_ends_the_build(packages: Path, source: Path) -> None:
    (source / "core" / "added.py").write_text("from imagecodecs import no_such_decode")
    with pytest.raises(subprocess.CalledProcessError):
        take_out(packages, source)


def test_an_image_without_imagecodecs(packages: Path, source: Path) -> None:
    shutil.rmtree(packages / "imagecodecs")
    assert "imagecodecs 0.0 MiB" in take_out(packages, source)
