"""axe-core, which checks accessibility: fetched by npm at a pinned version, kept in the environment, never shipped."""

import fcntl
import hashlib
import subprocess
from typing import Any

from playwright.sync_api import Page

from tests.conftest import ROOT
from tests.waiting import PATIENCE

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
FOLDER = ROOT / ".venv" / "axe"
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.flatMap(one => one.nodes.map(node => `${one.id}: ${node.target.join(" ")}: ${node.html}`));
}"""


def script() -> str:
    """The checker itself, installed once though several processes ask for it at the same time."""
    file = FOLDER / VERSION / "node_modules" / "axe-core" / "axe.min.js"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.is_file():
            command = ["npm", "install", "--silent", "--no-save", "--ignore-scripts", "--prefix", str(FOLDER / VERSION)]
            file.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run([*command, f"axe-core@{VERSION}"], check=True, timeout=10 * PATIENCE)
    data = file.read_bytes()
    assert hashlib.sha256(data).hexdigest() == SHA256, "axe-core is not the pinned one"
    return data.decode()


def violations(page: Page) -> list[str]:
    """What the checker finds in a page: the rule, where, and the element."""
    page.evaluate(script())
    found: Any = page.evaluate(_RUN)
    return list(found)
