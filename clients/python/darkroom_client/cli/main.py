"""The entry point of the command `darkroom`."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from darkroom_client.cli.common import Exit, UsageError, complain, say
from darkroom_client.cli.parser import Parser, build_parser
from darkroom_client.errors import DarkroomError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        parser = build_parser()
        return _dispatch(parser, parser.parse_args(argv))
    except BrokenPipeError:  # the reader of our output has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except (UsageError, DarkroomError, OSError) as error:
        return complain(error)
    except KeyboardInterrupt:
        say("Interrupted.")
        return Exit.INTERRUPTED


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
