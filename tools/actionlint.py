"""actionlint (MIT) on .github/workflows, built by Go the first time: `python -m tools.actionlint`.

Where shellcheck is installed it would run that too; it is told not to, so that all machines agree.
"""

import subprocess
import sys
from pathlib import Path

from tools.emulators.processes import ROOT, go_built

VERSION = "v1.7.12"


def program() -> Path:
    """The linter's program, built if need be."""
    return go_built("github.com/rhysd/actionlint/cmd/actionlint", VERSION)


def lint(folder: Path) -> "subprocess.CompletedProcess[str]":
    """What it says about the workflows of a folder; its exit code is 0 if that is nothing."""
    files = sorted(str(path) for path in folder.glob("*.yml"))
    command = [str(program()), "-shellcheck=", "-pyflakes=", "-no-color", *files]
    return subprocess.run(command, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    done = lint(ROOT / ".github" / "workflows")
    print(done.stdout + done.stderr, end="")
    sys.exit(done.returncode)
