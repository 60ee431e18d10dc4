"""What all commands share: exit codes, messages and the connection to the server."""

import sys
from argparse import Namespace
from enum import IntEnum
from typing import TYPE_CHECKING

from darkroom_client.errors import NoServerError, RefusedError

if TYPE_CHECKING:
    from darkroom_client.client import Darkroom


class Exit(IntEnum):
    """The command's exit codes."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    NO_SERVER = 3
    REFUSED = 4
    FAILED = 5
    INTERRUPTED = 130


MEANINGS = {
    Exit.DONE: "success",
    Exit.SOME_FAILED: "some pictures failed, for the reasons listed; the others are done",
    Exit.USAGE: "invalid usage; nothing was sent",
    Exit.NO_SERVER: "no server answers",
    Exit.REFUSED: "the server refused the request",
    Exit.FAILED: "a file could not be read or written, or the response was incomplete",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
}

WHERE_IS_IT = (
    "  Start one in a clone of Darkroom:  make run\n"
    "  or name another one:               --server URL, or DARKROOM_SERVER=URL in the environment"
)


WHAT_KEY = "  Name the file of your key:  --key-file FILE, or DARKROOM_KEY_FILE=FILE in the environment"


class UsageError(Exception):
    """The command line is invalid."""


def exit_of(error: Exception) -> Exit:
    """The exit code of one failure."""
    if isinstance(error, UsageError):
        return Exit.USAGE
    if isinstance(error, NoServerError):
        return Exit.NO_SERVER
    return Exit.REFUSED if isinstance(error, RefusedError) else Exit.FAILED


def text_of(error: Exception) -> str:
    """One failure as a sentence, safe to show."""
    if isinstance(error, FileExistsError):
        return f"{error.filename} already exists: --force overwrites it."
    if isinstance(error, OSError) and error.strerror:
        return plain(f"{error.filename or 'a file'}: {error.strerror}.")
    return plain(str(error))


def plain(text: str) -> str:
    """Text without control characters: neither a server nor a file's name may control the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def say(text: str) -> None:
    """Print a line for people to stderr; stdout is for pictures, findings and lists."""
    sys.stderr.write(text + "\n")


def complain(error: Exception) -> Exit:
    """Print what went wrong and what to do, and return the exit code for it."""
    say(f"darkroom: {text_of(error)}")
    if isinstance(error, NoServerError):
        say(WHERE_IS_IT)
    if isinstance(error, RefusedError):
        _advise(error)
    return exit_of(error)


def _advise(error: RefusedError) -> None:
    """Say what helps against a refusal that has nothing to do with the picture."""
    if error.status == 401:
        say(WHAT_KEY)
    if error.status == 429 and error.retry_after:
        say(f"  The server asks to wait {error.retry_after:.0f} s before the next try.")


def key_of(args: Namespace) -> str | None:
    """The key to send, with a warning if others may read its file. OSError, ValueError."""
    from darkroom_client.keys import exposed_file, find_key

    key = find_key(args.key_file)
    if file := exposed_file(args.key_file):
        say(f"Warning: other users may read the key in {file}; chmod 600 makes it yours alone.")
    return key


def connect(args: Namespace) -> "Darkroom":
    """The client the options describe."""
    from darkroom_client.client import Darkroom

    try:
        key = key_of(args)
        return Darkroom(args.server, timeout=args.timeout, retries=args.retries, key=key)
    except OSError as error:
        raise UsageError(f"the key cannot be read: {text_of(error)}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
