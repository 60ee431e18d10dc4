"""The long form: the schemas made anew, everything by OpenTofu too, and by a real AWS provider where there is one."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path

from tools.emulators.processes import cache
from tools.terraform import check, schema
from tools.terraform.run import INFRA, Terraform

_TOFU = Path(__file__).parent / "opentofu"
_PROVIDER = "registry.terraform.io/hashicorp/aws"
_SOURCE = re.compile(r'  source = "[./]*mocks/(\w+)"')
# 6.x only: since October 2025 a URL of a function needs it, and 5.100 is older.
_NEWER = re.compile(r'^resource "aws_lambda_permission" "\w+_invokes" \{\n(?:.*\n)*?\}\n', re.MULTILINE)


def main() -> int:
    """The exit code."""
    failed = schema.main(["--check"])
    failed += check.main(Terraform())
    failed += by_opentofu()
    failed += real_aws()
    return int(failed > 0)


def by_opentofu() -> int:
    """Everything by OpenTofu, whose mocks cannot be in files of their own."""
    with tempfile.TemporaryDirectory() as folder:
        infra = Path(shutil.copytree(INFRA, Path(folder) / "infra"))
        for path in infra.rglob("*.tftest.hcl"):
            path.write_text(_SOURCE.sub(_mocks, path.read_text()))
        print("NOT RUN by OpenTofu: dead_letters, as all that its mocks make of one kind has the same made-up id.")
        return check.main(Terraform(str(opentofu())), infra, {"dead_letters"})


def _mocks(source: "re.Match[str]") -> str:
    """The mocks that a test names, as they are written in a test."""
    (file,) = (INFRA / "mocks" / source[1]).glob("*.tfmock.hcl")
    return textwrap.indent(file.read_text(), "  ").rstrip()


def opentofu() -> Path:
    """OpenTofu, built once: it takes a quarter of an hour, and 2 GB meanwhile."""
    if found := shutil.which("tofu"):
        return Path(found)
    (version,) = re.findall(r"^\s+github\.com/opentofu/opentofu (v\S+)", (_TOFU / "go.mod").read_text(), re.MULTILINE)
    program = cache() / "tools" / f"opentofu-{version}" / "tofu"
    if not program.is_file():
        program.parent.mkdir(parents=True, exist_ok=True)
        go = [shutil.which("go") or "go", "build", "-C", str(_TOFU), "-o", str(program)]
        subprocess.run(
            [*go, "github.com/opentofu/opentofu/cmd/tofu"], check=True, env={**os.environ, "CGO_ENABLED": "0"}
        )
    return program


def real_aws() -> int:
    """The AWS module by a real provider, which knows defaults, formats and what excludes what."""
    mirror = _mirror()
    if mirror is None:
        print("NOT RUN: a real AWS provider (DARKROOM_TEST_TF_PLUGINS names no folder with one).")
        return 0
    (version, *_) = sorted(path.name for path in (mirror / _PROVIDER).iterdir())
    with tempfile.TemporaryDirectory() as folder:
        infra = Path(shutil.copytree(INFRA, Path(folder) / "infra"))
        for path in infra.rglob("*.tf"):
            text = re.sub(r'("hashicorp/aws"\s*version = )"[^"]+"', rf'\1"{version}"', path.read_text())
            path.write_text(_NEWER.sub("", text) if version.startswith("5.") else text)
        (infra / "mocks" / "aws" / "arns.tfmock.hcl").write_text(_arns())
        # What is refused before any provider is asked needs no real one.
        (infra / "aws" / "tests" / "refusals.tftest.hcl").unlink()
        config = Path(folder) / "cli.tfrc"
        config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        failed = sum(_judged(root, config) for root in [infra / "aws", *sorted((infra / "examples" / "aws").iterdir())])
    print(f"A real AWS provider, {version}: {'everything is as it should be' if not failed else f'{failed} problems'}.")
    return failed


_MOCK = """
mock_resource "{kind}" {{
  defaults = {{
    arn = "arn:aws:{service}:eu-central-1:123456789012:some/{kind}"
  }}
}}
"""


def _arns() -> str:
    """Mocks with ARNs, whose form a real provider checks; ours lets them be words that tell one thing from another."""
    resources = json.loads(schema.kept("aws").read_text())["resources"]
    mocked = (INFRA / "mocks" / "aws" / "aws.tfmock.hcl").read_text()
    kinds = [
        kind
        for kind, block in resources.items()
        if block["attributes"].get("arn", {}).get("use") == "c" and f'"{kind}"' not in mocked
    ]
    return "".join(_MOCK.format(kind=kind, service=kind.split("_")[1]) for kind in kinds)


def _mirror() -> Path | None:
    """The folder of installed providers that is named, or that Terraform looks into by itself."""
    named = os.environ.get("DARKROOM_TEST_TF_PLUGINS")
    usual = (
        Path.home() / ".terraform.d/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
    )
    return next((one for one in ((Path(named),) if named else usual) if (one / _PROVIDER).is_dir()), None)


def _judged(root: Path, config: Path) -> int:
    terraform = Terraform(config=config)
    found = list(dict.fromkeys(terraform.validated(root) or terraform.tested(root).problems))
    for one in found:
        print(f"{root.name}: {one}")
    return len(found)
