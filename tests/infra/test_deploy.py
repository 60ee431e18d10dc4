"""`make deploy`: what it starts, in which order, and that Terraform is left to ask."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

PROGRAMS = ("terraform", "gcloud", "aws", "docker", "make")


def deployed(tmp_path: Path, *arguments: str, **environment: str) -> tuple[int, list[str], str]:
    """The exit code, what was started, and what was said."""
    for name in PROGRAMS:
        program = tmp_path / name
        registry = "example.invalid/photos/darkroom"
        program.write_text(
            f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/started"\n'
            f'case "$*" in *"-raw registry"*) printf %s {registry};; *"-raw try"*) echo curl it;; esac\n'
        )
        program.chmod(0o755)
    done = subprocess.run(
        [ROOT / "infra" / "deploy", *arguments], check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "TAG": "1.2.3", **environment},
    )  # fmt: skip
    started = tmp_path / "started"
    return done.returncode, started.read_text().splitlines() if started.is_file() else [], done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "image"),
    [
        (["gcp", "minimal"], {"PROJECT": "photos-prod"}, "example.invalid/photos/darkroom/darkroom:1.2.3"),
        (["aws", "minimal"], {"REGION": "eu-central-1"}, "example.invalid/photos/darkroom:1.2.3"),
    ],
    ids=["gcp", "aws"],
)
def test_registry_image_and_the_rest(
    arguments: list[str], environment: dict[str, str], image: str, tmp_path: Path
) -> None:
    code, started, told = deployed(tmp_path, *arguments, **environment)
    assert code == 0, told
    applied = [line for line in started if line.startswith("terraform") and " apply " in line]
    assert len(applied) == 2
    assert "-target=module.darkroom." in applied[0]
    assert "-target" not in applied[1]
    assert applied[1].endswith(f"-var image={image}")
    assert started.index(f"docker push {image}") < started.index(applied[1])
    assert "auto-approve" not in "".join(started)
    assert told.rstrip().endswith("curl it")


def test_without_an_image_there_is_one_plan(tmp_path: Path) -> None:
    code, started, _ = deployed(tmp_path, "gcp", "bucket-only", PROJECT="photos-prod")
    assert code == 0
    assert [line.split()[0] for line in started] == ["terraform"] * 3
    assert "-target" not in "".join(started)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["gcp", "minimal"], "name the project"), (["gcp", "maximal"], "There is no infra/examples/gcp/maximal")],
    ids=["no project", "no example"],
)
def test_what_is_missing_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    code, started, told = deployed(tmp_path, *arguments)
    assert code != 0
    assert said in told
    assert started == []
