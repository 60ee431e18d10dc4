"""Mistakes planted in copies of the modules: each must be found, by Terraform against the schema or by our rules.

Each starts Terraform for some seconds, so those that the modules are measured by run always, the others with
DARKROOM_TEST_INFRA=all.
"""

import os
import re
import shutil
import tomllib
from pathlib import Path

import msgspec
import pytest

from tools.terraform import check, sources
from tools.terraform.run import INFRA, Terraform


class Mistake(msgspec.Struct, forbid_unknown_fields=True):
    """See mistakes.toml."""

    file: str
    example: str
    said: str
    find: str = ""
    block: str = ""
    put: str = ""

    @property
    def pattern(self) -> str:
        """What is replaced; of a block, all of it, at whatever depth."""
        return self.find or rf"^(?P<depth> *){re.escape(self.block)} \{{\n(?:(?P=depth) .*\n|\n)*(?P=depth)\}}\n"


MISTAKES = msgspec.convert(tomllib.loads((Path(__file__).parent / "mistakes.toml").read_text()), dict[str, Mistake])
ALWAYS = (
    "an unknown attribute", "a missing required attribute", "a public bucket", "roles/editor", "no dead letter",
    "no instance cap", "acknowledgement below our deadline", "a key file", "an unbound identity",
    "a queue without partial failures",
)  # fmt: skip
CHOSEN = MISTAKES if os.environ.get("DARKROOM_TEST_INFRA") == "all" else ALWAYS


def planted(mistake: Mistake, folder: Path) -> Path:
    infra = Path(shutil.copytree(INFRA, folder / "infra"))
    path = infra / mistake.file
    text, count = re.subn(mistake.pattern, mistake.put, path.read_text(), flags=re.MULTILINE)
    assert count, "the mistake could not be made: the module has changed"
    path.write_text(text)
    return infra


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_can_be_made(name: str) -> None:
    text = (INFRA / MISTAKES[name].file).read_text()
    assert re.search(MISTAKES[name].pattern, text, re.MULTILINE)


@pytest.mark.infra
@pytest.mark.parametrize("name", CHOSEN)
def test_a_mistake_is_found(name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[name]
    infra = planted(mistake, tmp_path)
    wrong, _ = check.checked(infra / "examples" / mistake.example, Terraform())
    found = [*wrong, *sources.problems(infra)]
    assert any(mistake.said in one for one in found), found
