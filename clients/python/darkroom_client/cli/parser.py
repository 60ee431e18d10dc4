"""The command line: subcommands, options, and help that teaches by examples."""

import argparse
import os
import re
from difflib import get_close_matches
from typing import NoReturn

from darkroom_client import __version__
from darkroom_client.cli.argument_types import count, positive
from darkroom_client.cli.commands import COMMANDS
from darkroom_client.cli.common import MEANINGS

DEFAULT_SERVER = "http://127.0.0.1:8080"

_MAIN = """\
Send pictures through a Darkroom server.

examples:
  darkroom run blur:15/sepia photo.jpg -o out.jpg     one picture
  darkroom run resize:1280 holiday/ -o small/         a whole folder
  darkroom run palette photo.jpg                      its main colours, as JSON
  darkroom detect photo.jpg --draw seen.jpg           the objects in it, as a table and drawn over it
  darkroom images put photo.jpg                       store it on the server; `images list` shows it
  darkroom models                                     the models for `detect`
  darkroom filters                                    all filters
  darkroom filters blur                               how to use one
"""


class Parser(argparse.ArgumentParser):
    """argparse, with "did you mean" for commands and options, and no guessing from abbreviations."""

    words: tuple[str, ...] = ()
    """Known words, for suggestions."""
    offers: tuple[str, ...] = ()
    """Words for completion of a positional argument, beside its choices."""

    def error(self, message: str) -> NoReturn:
        """Print the error, a suggestion and a hint to --help; exit 2."""
        wrong = re.search(r"invalid choice: '([^']*)'|unrecognized arguments: (\S+)", message)
        typed = next(filter(None, wrong.groups()), "") if wrong else ""
        guess = get_close_matches(typed.partition("=")[0], self.words, n=1, cutoff=0.5)
        hint = f' Did you mean "{guess[0]}"?' if guess else ""
        self.exit(2, f"darkroom: {message}.{hint}\nTry: {self.prog} --help\n")


def build_parser() -> Parser:
    """The whole command line."""
    parser = _make(Parser, "darkroom", _MAIN, _exit_codes())
    parser.add_argument("--version", action="version", version=f"darkroom {__version__}")
    _server_options(parser)
    parser.set_defaults(
        server=os.environ.get("DARKROOM_SERVER") or DEFAULT_SERVER,
        timeout=60.0,
        retries=3,
        key_file=None,
        command=None,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, known in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=known.summary,
            description=f"{known.summary}.",
            epilog=known.examples,
            usage=known.usage,
            formatter_class=_Format,
            allow_abbrev=False,
        )
        known.fill(command)
        command.offers = known.offers
        if name != "completions":
            _server_options(command)
    _learn_words(parser, commands.choices)
    return parser


class _Format(argparse.RawDescriptionHelpFormatter):
    """Keeps the line breaks of examples, and writes options on every Python as 3.13 does: `-o, --output OUT`."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


def _make(kind: type[Parser], prog: str, description: str, epilog: str) -> Parser:
    return kind(prog, description=description, epilog=epilog, formatter_class=_Format, allow_abbrev=False)


def _exit_codes() -> str:
    return "exit codes:\n" + "\n".join(f"  {code:<4}{meaning}" for code, meaning in MEANINGS.items())


def _learn_words(parser: Parser, commands: dict[str, Parser]) -> None:
    """Collect known words for suggestions. The top parser reports unknown options, so it knows all of them."""
    options = {option for command in commands.values() for option in command._option_string_actions}  # noqa: SLF001
    parser.words = (*commands, *sorted(options))
    for command in commands.values():
        command.words = tuple(str(word) for action in command._actions for word in action.choices or ())  # noqa: SLF001


def _server_options(parser: argparse.ArgumentParser) -> None:
    # Read before and after the command: SUPPRESS keeps the second place from resetting the first.
    group = parser.add_argument_group("server")
    group.add_argument(
        "--server",
        metavar="URL",
        default=argparse.SUPPRESS,
        help=f"URL of the server (else DARKROOM_SERVER, else {DEFAULT_SERVER})",
    )
    group.add_argument(
        "--key-file",
        metavar="FILE",
        default=argparse.SUPPRESS,
        help="file with the server's key (else DARKROOM_KEY, else the file DARKROOM_KEY_FILE names)",
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=positive,
        default=argparse.SUPPRESS,
        help="longest wait for a response (60)",
    )
    group.add_argument(
        "--retries", metavar="N", type=count, default=argparse.SUPPRESS, help="how often to retry a busy server (3)"
    )
