"""Keys of the tests: one for each scope, and some that are refused."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from service.keys.file import update_key_file
from service.keys.key import GRANTED_SCOPES, GrantedScope, Key, new_key

NOW = datetime.now(UTC)


class Keys:
    """A file of keys, and the texts of those in it by name: `process`, `all`, `all but process`, `expired` …"""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts: dict[str, str] = {}
        self.kept: dict[str, Key] = {}
        for scope in GRANTED_SCOPES:
            self.add(scope, [scope])
            self.add(f"all-but-{scope}", [one for one in GRANTED_SCOPES if one != scope])
        self.add("all", GRANTED_SCOPES)
        self.add("expired", GRANTED_SCOPES, expires=NOW - timedelta(seconds=1))
        self.add("revoked", GRANTED_SCOPES, revoked=NOW)
        self.texts["wrong"] = new_key("wrong", GRANTED_SCOPES)[0]

    def add(self, name: str, scopes: Iterable[GrantedScope], **more: object) -> str:
        """Make a key, with other members if given."""
        text, key = new_key(name, list(scopes))
        self.texts[name], self.kept[name] = text, msgspec.structs.replace(key, **more)
        update_key_file(self.path, lambda keys: [*keys, self.kept[name]])
        return text

    def header(self, name: str) -> dict[str, str]:
        """What sends a key."""
        return {"X-Api-Key": self.texts[name]}

    def revoke(self, name: str) -> None:
        """Revoke a key in the file."""
        self.change(name, revoked=datetime.now(UTC))

    def change(self, name: str, **members: object) -> None:
        """Give a key in the file other members."""
        self.kept[name] = msgspec.structs.replace(self.kept[name], **members)
        update_key_file(self.path, lambda keys: [self.kept[name] if key.name == name else key for key in keys])
