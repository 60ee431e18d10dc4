"""Make, list, revoke and rotate the keys of a server.

python -m functions.jobs.keys new --name laptop --scopes process,read --save laptop.key
python -m functions.jobs.keys new --name shop --scopes process --expires 90d --rate 10 --budget 3600
python -m functions.jobs.keys list
python -m functions.jobs.keys rotate laptop --overlap 7d --save laptop.key.new
python -m functions.jobs.keys revoke laptop

A key is shown once, or saved with --save: the file of the keys holds only its SHA-256. Start the server with
DARKROOM_AUTH=keys and DARKROOM_KEYS=keys.json; it notices changes of the file within seconds.
scopes: process (send pictures), read (what is stored, renders, models), write (store and delete, events),
metrics, admin (load and unload models).

Exit code 0: done, 1: the file cannot be read or written, or there is no such key, 2: wrong usage.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from functions.jobs import run
from service.keys.file import KeyFileError, read_key_file, update_key_file, write_secret
from service.keys.key import GRANTED_SCOPES, GrantedScope, Key, new_key

_DEFAULT_FILE = "keys.json"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class _NoSuchKeyError(Exception):
    """No key, or several, have the given name."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except FileExistsError as error:
        return _complain(f"{error.filename} exists already; name another file with --save.")
    except OSError as error:
        return _complain(f"{error.filename or options.file}: {error.strerror}.")
    except KeyFileError as error:
        return _complain(f"{options.file} is not a list of keys: {error}.")
    except _NoSuchKeyError as error:
        return _complain(str(error))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m functions.jobs.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    new = _command(commands, "new", _new, "make a key, and show it once")
    new.add_argument("--name", required=True, type=_name, help="what lists and logs call it")
    new.add_argument("--scopes", required=True, type=_scopes, help=f"some of {','.join(GRANTED_SCOPES)}")
    new.add_argument("--expires", type=_duration, metavar="TIME", help="such as 90d, 12h or 30m; without it, never")
    new.add_argument("--rate", type=_number, metavar="N", help="most requests a second; without it, no limit")
    new.add_argument("--budget", type=_number, metavar="SECONDS", help="most core-seconds a day (UTC)")
    _command(commands, "list", _list, "list the keys; none can be shown again")
    revoke = _command(commands, "revoke", _revoke, "refuse a key from now on")
    rotate = _command(commands, "rotate", _rotate, "make a new key in place of one, which stays valid for a while")
    rotate.add_argument("--overlap", type=_duration, default=timedelta(days=7), metavar="TIME", help="how long (7d)")
    for one in (revoke, rotate):
        one.add_argument("key", metavar="NAME", help="the name or the id of the key")
    for one in (new, rotate):
        one.add_argument("--save", type=Path, metavar="FILE", help="write the key there instead, for its owner only")
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    call: Callable[[argparse.Namespace], None],
    summary: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    command.add_argument("--file", type=Path, default=_file(), help=f"the file of the keys ({_file()})")
    command.set_defaults(command=call)
    return command


def _file() -> Path:
    """The file that DARKROOM_KEYS names; keys.json if it names none."""
    setting = os.environ.get("DARKROOM_KEYS", "")
    return Path(_DEFAULT_FILE if not setting or setting.lstrip().startswith("{") else setting)


def _new(options: argparse.Namespace) -> None:
    expires = _now() + options.expires if options.expires else None
    text, key = new_key(
        options.name, options.scopes, expires=expires, rate=options.rate, budget=options.budget
    )  # fmt: skip
    _keep(options, text, lambda keys: [*keys, key])
    _tell(f'The key "{key.name}" ({key.id}) is valid for {_told_scopes(key)}, {_until(key)}.')


def _list(options: argparse.Namespace) -> None:
    keys = read_key_file(options.file).values()
    rows = [("name", "id", "scopes", "expires", "rate", "budget", "state")]
    for key in keys:
        expires = key.expires.isoformat(sep=" ", timespec="minutes") if key.expires else "never"
        state = "revoked" if key.revoked else "expired" if key.is_expired(_now()) else "valid"
        rows.append((key.name, key.id, _told_scopes(key), expires, _told(key.rate), _told(key.budget), state))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")


def _revoke(options: argparse.Namespace) -> None:
    def change(keys: list[Key]) -> list[Key]:
        key = _named(options.key, keys)
        return [msgspec.structs.replace(key, revoked=_now()) if one == key else one for one in keys]

    update_key_file(options.file, change)
    _tell(f'The key "{options.key}" is revoked; running servers refuse it within 30 s.')


def _rotate(options: argparse.Namespace) -> None:
    end = _now() + options.overlap
    old = _named(options.key, list(read_key_file(options.file).values()))
    lifetime = old.expires - old.created if old.expires else None
    text, key = new_key(
        old.name, old.scopes, expires=_now() + lifetime if lifetime else None, rate=old.rate, budget=old.budget
    )

    def change(keys: list[Key]) -> list[Key]:
        found = _named(old.id, keys)
        ending = msgspec.structs.replace(found, expires=min(end, found.expires or end))
        return [*(ending if one == found else one for one in keys), key]

    _keep(options, text, change)
    end = min(end, old.expires or end)
    _tell(f'The new key "{key.name}" ({key.id}) is valid {_until(key)}; the old one ({old.id}) until {_time(end)}.')


def _keep(options: argparse.Namespace, text: str, change: Callable[[list[Key]], list[Key]]) -> None:
    """Show or save the key, and keep its SHA-256. A key that nobody could be told is not kept."""

    def told(keys: list[Key]) -> list[Key]:
        changed = change(keys)
        if not options.save:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()
        return changed

    if options.save:
        write_secret(options.save, f"{text}\n".encode())
    try:
        update_key_file(options.file, told)
    except BaseException:
        if options.save:
            options.save.unlink(missing_ok=True)
        raise
    if options.save:
        _tell(f"The key is in {options.save}, which only you may read.")


def _named(text: str, keys: list[Key]) -> Key:
    """The usable key of this name or id."""
    found = [key for key in keys if text in {key.id, key.name} and key.is_usable(_now())]
    if len(found) > 1:
        ids = ", ".join(key.id for key in found)
        raise _NoSuchKeyError(f'Several keys are named "{text}"; give one of their ids: {ids}.')
    if not found:
        raise _NoSuchKeyError(f'There is no valid key with the name or id "{text}".')
    return found[0]


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise argparse.ArgumentTypeError("a name has letters, digits, dots, _ and -, at most 64 of them")
    return text


def _scopes(text: str) -> tuple[GrantedScope, ...]:
    found = tuple(scope for scope in GRANTED_SCOPES if scope in text.split(","))
    if wrong := [part for part in text.split(",") if part not in GRANTED_SCOPES]:
        raise argparse.ArgumentTypeError(f'"{wrong[0]}" is none of {", ".join(GRANTED_SCOPES)}')
    return found


def _duration(text: str) -> timedelta:
    if not re.fullmatch(r"[1-9][0-9]{0,4}[mhd]", text):
        raise argparse.ArgumentTypeError("a time is a whole number and m, h or d, such as 90d")
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])})


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1e6:
        raise argparse.ArgumentTypeError("a number above 0, at most a million")
    return value


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _until(key: Key) -> str:
    return f"until {_time(key.expires)}" if key.expires else "without end"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _told_scopes(key: Key) -> str:
    return ",".join(key.scopes)


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _tell(text: str) -> None:
    """To stderr, so that stdout is the key alone."""
    sys.stderr.write(f"{text}\n")


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    run(main)
