"""What a person or a scheduler starts: `python -m functions.jobs.NAME`."""

import io
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

if (
    sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) != signal.SIG_IGN
):  # Python looks for the command: Ctrl-C while it is imported leaves no trace
    signal.signal(signal.SIGINT, signal.SIG_DFL)

_FAILED = 1


def heed_interrupts(*others: signal.Signals) -> None:
    """From now on Ctrl-C is a KeyboardInterrupt, and so are other signals, for a command that has to tidy up.

    In the background of a script Ctrl-C stays ignored: there it is meant for another.
    """
    for number in (signal.SIGINT, *others):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


class UnwrittenError(Exception):
    """What a command printed could not be written; the text says why, and is empty where its reader has gone."""


def run(main: Callable[[list[str]], int]) -> NoReturn:
    """End the process with the exit code of a command; 1 where what it printed could not be written.

    Whoever closed the pipe (`| head -1`) has read enough, and is told nothing.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - as long as the process
    if sys.stdout is None:
        sys.stderr.write("Standard output is closed: nobody could read what this command prints.\n")
        sys.exit(_FAILED)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)), sys.stdout.encoding, "backslashreplace",
        line_buffering=sys.stdout.isatty(),
    )  # fmt: skip
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except UnwrittenError as error:
        sys.stderr.write(f"{error}\n" if str(error) else "")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would try once more to write the rest
        code = _FAILED
    sys.exit(code)


class _Output(io.FileIO):
    """Standard output, whose errors are told from those of files that a command reads and writes."""

    def write(self, data: "ReadableBuffer") -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise UnwrittenError from None
        except OSError as error:
            raise UnwrittenError(f"Standard output cannot be written: {error.strerror}.") from None
