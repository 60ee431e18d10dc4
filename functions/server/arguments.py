"""Programs that take no arguments: what they are told is in the environment."""

import sys


def take_none(about: str) -> None:
    """Nothing where there are none. `--help` prints `about` and ends the process; any other one ends it with 2."""
    words = sys.argv[1:]
    if {"-h", "--help"} & set(words):
        sys.stdout.write(about)
        sys.exit(0)
    if words:
        sys.stderr.write(f'"{words[0][:80]}" is too much.\n{about}')
        sys.exit(2)
