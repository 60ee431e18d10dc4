"""The modules as they are written: settings, variables, credentials, and the schemas that they are checked against."""

import json
import re
from pathlib import Path

import pytest

from service.settings import Settings
from tools.terraform import schema, sources
from tools.terraform.run import INFRA, roots


def written(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "main.tf").write_text(text)
    return list(sources.problems(tmp_path))


def test_the_modules_are_as_they_should_be() -> None:
    assert list(sources.problems(INFRA)) == []


def test_every_setting_in_them_is_one() -> None:
    known = {f"DARKROOM_{name.upper()}" for name in Settings.__struct_fields__}
    used = {name for path in INFRA.rglob("*.tf") for name in sources.SETTING.findall(path.read_text())}
    assert len(used) > 15
    assert used <= known


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('locals {\n  a = { DARKROOM_SPEED = "1" }\n}\n', "DARKROOM_SPEED is no setting"),
        ('variable "a" {\n  description = "A"\n}\n', "the variable a has no type"),
        ('variable "a" {\n  type = string\n}\n', "the variable a has no description"),
        ('output "a" {\n  value = 1\n}\n', "the output a has no description"),
        ('provider "google" {\n  credentials = "{}"\n}\n', "is given credentials"),
        ('provider "aws" {\n  access_key = "x"\n}\n', "is given access_key"),
        ('resource "aws_iam_access_key" "a" {\n  user = "x"\n}\n', "a key that can be copied"),
        ('locals {\n  role = "roles/owner"\n}\n', "roles/owner is too broad"),
        ('resource "google_pubsub_subscription" "a" {\n  push_config {}\n}\n', "has no dead_letter_policy"),
        ('resource "aws_lambda_function" "a" {\n  role = "x"\n}\n', "has no reserved_concurrent_executions"),
        ('resource "google_storage_bucket" "a" {\n  name = "x"\n}\n', "has no public_access_prevention"),
    ],
    ids=lambda value: value if " " in value and "\n" not in value else None,
)  # fmt: skip
def test_what_is_written_wrong(text: str, said: str, tmp_path: Path) -> None:
    assert any(said in one for one in written(tmp_path, text))


@pytest.mark.parametrize(("module", "alerts"), [("gcp", 9), ("aws", 5)])
def test_every_alert_names_what_to_do(module: str, alerts: int) -> None:
    named = re.findall(r'runbook *= "([^#"]+)#([^"]+)"', (INFRA / module / "watch.tf").read_text())
    assert len(named) == alerts
    for page, anchor in named:
        titles = re.findall(r"^#+ (.+)$", (INFRA.parent / "docs" / page).read_text(), re.MULTILINE)
        assert anchor in [title.lower().replace(" ", "-") for title in titles]


def test_every_folder_is_tested() -> None:
    assert len(roots()) == 8
    assert [root for root in roots() if not list(root.glob("tests/*.tftest.hcl"))] == []


@pytest.mark.parametrize("root", roots(), ids=lambda root: str(root.relative_to(INFRA)))
def test_readme_names_every_example(root: Path) -> None:
    assert root.name in (INFRA / "README.md").read_text()


@pytest.mark.parametrize("provider", schema.PUBLISHED)
def test_the_schema_has_what_is_used(provider: str) -> None:
    kept = json.loads(schema.kept(provider).read_text())
    used = schema.used()[provider]
    assert set(kept["resources"]) == used["resource"]
    assert set(kept["data"]) == used["data"]
    assert kept["version"] == schema.PUBLISHED[provider].provider


@pytest.mark.parametrize("provider", schema.PUBLISHED)
def test_the_modules_ask_for_the_version_that_they_are_checked_against(provider: str) -> None:
    major, minor, _ = schema.PUBLISHED[provider].provider.split(".")
    asked = [path for path in INFRA.rglob("*.tf") if f'"hashicorp/{provider}"' in path.read_text()]
    assert len(asked) == 4
    assert [path for path in asked if f'"~> {major}.{minor}"' not in path.read_text()] == []
    assert f"{provider} {schema.PUBLISHED[provider].provider}" in (INFRA / "README.md").read_text()
