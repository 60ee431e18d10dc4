"""What a person or a scheduler starts: `python -m functions.jobs.NAME`."""

import signal
import sys

if (
    sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) != signal.SIG_IGN
):  # Python looks for the command: Ctrl-C while it is imported leaves no trace
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def heed_interrupts() -> None:
    """From now on Ctrl-C is a KeyboardInterrupt, for a command that has something to say of it.

    In the background of a script it stays ignored: there it is meant for another.
    """
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
