"""Paths that earlier versions documented: until 0.3 each still works, with a warning."""

import runpy
import sys


def warn(old: str, new: str) -> None:
    """Warn that a path has moved."""
    sys.stderr.write(f"{old} has moved: use {new}. The old path works until version 0.3.\n")


def run(old: str, new: str, dropped: str = "") -> None:
    """Run the module `new` as the command `old`, without a subcommand that it no longer has."""
    warn(f"python -m {old}", f"python -m {new}")
    if sys.argv[1:2] == [dropped]:
        del sys.argv[1]
    runpy.run_module(new, run_name="__main__", alter_sys=True)
