"""The entry point of the command `darkroom`."""

import errno
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

from darkroom_client.cli.common import Exit, UsageError, complain, say
from darkroom_client.cli.parser import Parser, build_parser
from darkroom_client.errors import DarkroomError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - as long as the process
    if sys.stdout is None:
        return complain(OSError(errno.EBADF, "It is closed, so nobody could read what is printed", "standard output"))
    try:
        parser = build_parser()
        code = _dispatch(parser, parser.parse_args(argv))
        _flush()
    except BrokenPipeError:  # the reader of our output has closed the pipe
        _drop_output()
        return Exit.FAILED
    except (UsageError, DarkroomError, OSError) as error:
        code = complain(error)
        with suppress(OSError):
            _flush()
    except KeyboardInterrupt:
        say("Interrupted.")
        return Exit.INTERRUPTED
    return code


def _flush() -> None:
    """Write what was printed; OSError where it cannot be, for which Python would end with 120 later."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        raise
    except OSError as error:
        _drop_output()
        raise OSError(error.errno, error.strerror, "standard output") from None


def _drop_output() -> None:
    """Leave no part of the output to be written once more at the process's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(parser: Parser, args: Namespace) -> int:
    """Commands are imported when they are called, so that `darkroom --version` is fast."""
    if args.command is None:
        parser.print_help()
        return Exit.DONE
    if args.command == "run":
        from darkroom_client.cli.run import run

        return run(args)
    if args.command == "completions":
        from darkroom_client.cli.completions import script

        sys.stdout.write(script(args.shell, parser))
        return Exit.DONE
    if args.command == "detect":
        from darkroom_client.cli.detect import detect

        return detect(args)
    if args.command == "explain":
        from darkroom_client.cli.explain import explain

        return explain(args)
    if args.command == "images":
        from darkroom_client.cli.images import images

        return images(args)
    if args.command == "models":
        from darkroom_client.cli.models import models

        return models(args)
    if args.command == "stream":
        from darkroom_client.cli.stream import stream

        return stream(args)
    if args.command == "sign":
        from darkroom_client.cli.sign import sign

        return sign(args)
    from darkroom_client.cli import show

    return {"filters": show.filters, "formats": show.formats, "version": show.version}[args.command](args)
