"""The workflows: what actionlint says, and what it cannot know."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tools import actionlint

FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return read


def steps(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(job, step) for job, told in workflow(name)["jobs"].items() for step in told.get("steps", [])]


def test_actionlint_is_silent() -> None:
    done = actionlint.lint(FOLDER)
    assert (done.returncode, done.stdout) == (0, "")


def test_actionlint_would_say_so(tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text((FOLDER / "ci.yml").read_text().replace("timeout-minutes", "timeout-minute"))
    done = actionlint.lint(tmp_path)
    assert done.returncode == 1
    assert "timeout-minute" in done.stdout


def test_ci_runs_what_decides() -> None:
    runs = [step["run"] for _, step in steps("ci.yml") if "run" in step]
    assert runs[-1].split()[-1] == ".ci/run"


def test_a_release_waits_for_ci_and_the_version() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"
    publishing = [name for name in jobs if name not in {"ci", "version"}]
    assert publishing == ["client", "image", "go"]
    assert all(set(jobs[name]["needs"]) == {"ci", "version"} for name in publishing)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_may_more_than_read_unless_a_job_says_so(name: str) -> None:
    assert workflow(name)["permissions"] == {"contents": "read"}
    assert all(
        step["with"]["persist-credentials"] is False
        for _, step in steps(name)
        if step.get("uses", "").startswith("actions/checkout@")
    )


@pytest.mark.parametrize("job", ["client", "image", "go"])
def test_what_is_published_is_attested(job: str) -> None:
    uses = [step["uses"].partition("@")[0] for name, step in steps("release.yml") if name == job and "uses" in step]
    assert "actions/attest-build-provenance" in uses
    assert workflow("release.yml")["jobs"][job]["permissions"]["id-token"] == "write"


def test_the_image_is_signed_by_digest() -> None:
    (signed,) = [step["run"] for _, step in steps("release.yml") if "cosign sign" in step.get("run", "")]
    assert signed == 'cosign sign --yes "$IMAGE@$DIGEST"'


@pytest.mark.parametrize("name", NAMES)
def test_make_knows_what_is_asked_of_it(name: str) -> None:
    (targets,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = [
        word
        for _, step in steps(name)
        for words in re.findall(r"^make (.*)$", step.get("run", ""), re.MULTILINE)
        for word in words.split()
    ]
    assert set(asked) <= set(targets.split())


@pytest.mark.parametrize("name", NAMES)
def test_no_text_of_others_reaches_a_shell(name: str) -> None:
    """A name of a branch or a title could be a command: scripts read them from the environment."""
    assert [step["run"] for _, step in steps(name) if "${{" in step.get("run", "")] == []
