"""Settings about keys that cannot work, told at the start."""

from pathlib import Path

import msgspec
import pytest

from service.checks import load_settings
from service.keys.key import new_key
from service.settings import SettingsError

GOOD = msgspec.json.encode({"keys": [new_key("a", ["read"])[1]]}).decode()
ISSUER = {"OIDC_ISSUER": "https://accounts.google.com", "OIDC_AUDIENCE": "darkroom"}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no keys": ({"AUTH": "keys"}, "DARKROOM_AUTH=keys needs DARKROOM_KEYS"),
    "no file": ({"KEYS": "absent.json"}, "DARKROOM_KEYS cannot be read"),
    "a folder": ({"KEYS": "."}, "DARKROOM_KEYS cannot be read"),
    "no JSON": ({"KEYS": "{"}, "DARKROOM_KEYS is not a list of keys"),
    "another scope": ({"KEYS": GOOD.replace("read", "all")}, "DARKROOM_KEYS is not a list of keys: Invalid enum value"),
    "no audience": ({"OIDC_ISSUER": ISSUER["OIDC_ISSUER"]}, "need each other"),
    "no issuer": ({"OIDC_AUDIENCE": "x"}, "need each other"),
    "plain HTTP": ({**ISSUER, "OIDC_ISSUER": "http://issuer.example"}, "https://"),
    "a file": ({**ISSUER, "OIDC_ISSUER": "file:///etc/passwd"}, "OIDC_ISSUER"),
    "words": ({**ISSUER, "OIDC_ISSUER": "google"}, "OIDC_ISSUER"),
    "half an address": ({**ISSUER, "OIDC_ISSUER": "http://[::1"}, "OIDC_ISSUER"),
    "an unknown scope": ({**ISSUER, "OIDC_SCOPES": "editor=edit"}, "OIDC_SCOPES"),
    "no pair": ({**ISSUER, "OIDC_SCOPES": "write"}, "OIDC_SCOPES"),
}  # fmt: skip


def environ(given: dict[str, str]) -> dict[str, str]:
    return {f"DARKROOM_{name}": value for name, value in given.items()}


@pytest.mark.parametrize(("given", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong(given: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        load_settings(environ(given))
    assert told in str(caught.value)
    assert len(caught.value.problems) == 1


RIGHT = {
    "JSON": {"AUTH": "keys", "KEYS": GOOD}, "an issuer": {"AUTH": "keys", **ISSUER},
    "pairs": {**ISSUER, "OIDC_SCOPES": "photos.edit=write,photos.view=read"},
    "this machine's": {**ISSUER, "OIDC_ISSUER": "http://127.0.0.1:8081/realms/x"},
}  # fmt: skip


@pytest.mark.parametrize("given", RIGHT.values(), ids=RIGHT)
def test_what_is_right(given: dict[str, str]) -> None:
    assert load_settings(environ(given))
