"""The command line: subcommands, options, and help that teaches by examples."""

import argparse
import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from darkroom_client import __version__
from darkroom_client.cli.common import MEANINGS

DEFAULT_SERVER = "http://127.0.0.1:8080"
# What has an option of its own, or is the client's word and not the server's.
_RESERVED = {"format", "quality", "pipeline", "picture", "pictures", "self"}

_MAIN = """\
Send pictures through a Darkroom server.

examples:
  darkroom run blur:15/sepia photo.jpg -o out.jpg     one picture
  darkroom run resize:1280 holiday/ -o small/         a whole folder
  darkroom run palette photo.jpg                      what is in it, as JSON
  darkroom filters                                    what there is
  darkroom filters blur                               how one is used
"""

_RUN = """\
examples:
  darkroom run blur:15 photo.jpg                      writes photo-darkroom.jpg beside it
  darkroom run blur:15/sepia photo.jpg -o out.webp    the suffix of -o says the format
  darkroom run resize:800,600,fit=cover *.jpg -o small/ -f webp -q 70
  darkroom run grayscale holiday/ -o grey/ -j 8       a folder with its subfolders, eight at once
  darkroom run palette/sharpness *.jpg --json         one line of JSON a picture
  darkroom run watermark:logo a.jpg --picture logo=logo.png
  darkroom run "" photo.heic -o photo.jpg             no steps: only another format
  cat photo.jpg | darkroom run sepia - > out.jpg      - is stdin; the answer goes to stdout

A pipeline is steps divided by /, each a name and perhaps arguments: name:value,value,key=value.
`darkroom filters` lists the names. Inside a value, write / , = + % and space as %2F %2C %3D %2B %25 %20.
"""

_FILTERS = """\
examples:
  darkroom filters            every filter, measure and vision step
  darkroom filters resize     its parameters, units and defaults, and a command to try
"""

_FORMATS = """\
example:
  darkroom formats            what the server reads and writes
"""

_VERSION = """\
examples:
  darkroom version            client and server
  darkroom --version          client only, without asking anyone
"""

_COMPLETIONS = """\
examples:
  bash:  darkroom completions bash > ~/.local/share/bash-completion/completions/darkroom
  zsh:   darkroom completions zsh > "${fpath[1]}/_darkroom"
  fish:  darkroom completions fish > ~/.config/fish/completions/darkroom.fish
"""


class Parser(argparse.ArgumentParser):
    """argparse, with «did you mean» for commands and options, and no guessing from abbreviations."""

    words: tuple[str, ...] = ()

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, what was probably meant and where help is; exit 2."""
        wrong = re.search(r"invalid choice: '([^']*)'|unrecognized arguments: (\S+)", message)
        typed = next(filter(None, wrong.groups()), "") if wrong else ""
        guess = get_close_matches(typed.partition("=")[0], self.words, n=1, cutoff=0.5)
        hint = f" Did you mean «{guess[0]}»?" if guess else ""
        self.exit(2, f"darkroom: {message}.{hint}\nTry: {self.prog} --help\n")


def build_parser() -> Parser:
    """The whole command line."""
    parser = _make(Parser, "darkroom", _MAIN, _exit_codes())
    parser.add_argument("--version", action="version", version=f"darkroom {__version__}")
    _server_options(parser)
    parser.set_defaults(
        server=os.environ.get("DARKROOM_SERVER") or DEFAULT_SERVER, timeout=60.0, retries=3, command=None
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, (summary, epilog, fill) in _COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=f"{summary}.", epilog=epilog, formatter_class=_Format, allow_abbrev=False
        )
        fill(command)
        if name != "completions":
            _server_options(command)
    _learn_words(parser, commands.choices)
    return parser


class _Format(argparse.RawDescriptionHelpFormatter):
    """Examples stay as they were written."""


def _make(kind: type[Parser], prog: str, description: str, epilog: str) -> Parser:
    return kind(prog, description=description, epilog=epilog, formatter_class=_Format, allow_abbrev=False)


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code:<4}{meaning}" for code, meaning in MEANINGS.items())


def _learn_words(parser: Parser, commands: dict[str, Parser]) -> None:
    """What a mistyped word may have meant. The top parser is the one that hears of unknown options, so it knows all."""
    options = {option for command in commands.values() for option in command._option_string_actions}  # noqa: SLF001
    parser.words = (*commands, *sorted(options))
    commands["completions"].words = ("bash", "zsh", "fish")


def _server_options(parser: argparse.ArgumentParser) -> None:
    # Before or after the command, both are read: SUPPRESS keeps the second place from undoing the first.
    group = parser.add_argument_group("server")
    group.add_argument(
        "--server",
        metavar="URL",
        default=argparse.SUPPRESS,
        help=f"where it is (else DARKROOM_SERVER, else {DEFAULT_SERVER})",
    )
    group.add_argument(
        "--timeout", metavar="SECONDS", type=_positive, default=argparse.SUPPRESS, help="how long to wait for it (60)"
    )
    group.add_argument(
        "--retries", metavar="N", type=_count, default=argparse.SUPPRESS, help="how often to ask a busy one again (3)"
    )


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pipeline", metavar="PIPELINE", help="the steps, such as resize:1280/blur:15/sepia")
    parser.add_argument("inputs", metavar="INPUT", nargs="+", help="pictures, folders, or - for stdin")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="a file; a folder when it ends in /, exists, or there are several pictures; or - for stdout"
        " (default: NAME-darkroom.EXT beside the picture)",
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "-f", "--format", help="jpeg, png, webp, avif, … (default: by the suffix of OUT, else the server's choice)"
    )
    kind.add_argument("--json", action="store_true", help="findings instead of a picture, printed unless -o is given")
    parser.add_argument("-q", "--quality", type=int, help="of the encoder, 1 to 100")
    parser.add_argument(
        "-O",
        "--option",
        metavar="KEY=VALUE",
        type=_option,
        action="append",
        default=[],
        help="another option, such as keep=exif",
    )
    parser.add_argument(
        "--picture",
        metavar="NAME=FILE",
        type=_second,
        action="append",
        default=[],
        help="a second picture the pipeline names",
    )
    parser.add_argument("-j", "--jobs", metavar="N", type=_at_least_one, default=4, help="pictures at a time (4)")
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    parser.add_argument("--quiet", action="store_true", help="say nothing but what failed")


def _filters_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="one filter, in full")


def _completions_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="your shell")


def _no_options(parser: argparse.ArgumentParser) -> None:
    """A command that only asks the server."""


_COMMANDS = {
    "run": ("Send pictures through a pipeline", _RUN, _run_options),
    "filters": ("List the filters, or explain one", _FILTERS, _filters_options),
    "formats": ("List the formats the server reads and writes", _FORMATS, _no_options),
    "version": ("Show the versions of client and server", _VERSION, _no_options),
    "completions": ("Print completions for your shell", _COMPLETIONS, _completions_options),
}


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got '{text}'")
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0, got '{text}'")
    return int(text)


def _at_least_one(text: str) -> int:
    value = _count(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got '{text}'")
    return value


def _option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, got '{text}'")
    if key in _RESERVED:
        raise argparse.ArgumentTypeError(f"'{key}' is not given by -O (see --help)")
    return key, value


def _second(text: str) -> tuple[str, Path]:
    name, equals, file = text.partition("=")
    if not name or not equals or name == "file":
        raise argparse.ArgumentTypeError(f"expected NAME=FILE (and a name other than 'file'), got '{text}'")
    if not Path(file).is_file():
        raise argparse.ArgumentTypeError(f"there is no file '{file}'")
    return name, Path(file)
