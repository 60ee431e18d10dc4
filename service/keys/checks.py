"""Problems of the settings about keys and tokens."""

from urllib.parse import urlsplit

from service.keys.authenticator import granted_by
from service.keys.file import KeyFileError
from service.keys.issuer import is_local_issuer
from service.keys.key import GRANTED_SCOPES
from service.keys.ring import KeyRing
from service.settings import PREFIX, Settings


def keys_problems(settings: Settings) -> list[str]:
    """Problems of these settings, one sentence each."""
    problems = []
    if settings.auth == "keys" and not settings.keys and not settings.oidc_issuer:
        problems.append(
            f"{PREFIX}AUTH=keys needs {PREFIX}KEYS, the file that "
            "`python -m functions.jobs.keys new --file keys.json` makes."
        )
    if settings.keys:
        try:
            KeyRing.open(settings.keys)
        except OSError as error:
            problems.append(f"{PREFIX}KEYS cannot be read ({error.strerror}).")
        except KeyFileError as error:
            problems.append(f"{PREFIX}KEYS is not a list of keys: {error}.")
    return [*problems, *_issuer_problems(settings)]


def _issuer_problems(settings: Settings) -> list[str]:
    problems = []
    issuer = settings.oidc_issuer
    if issuer and not (is_local_issuer(issuer) or _is_public(issuer)):
        problems.append(f'{PREFIX}OIDC_ISSUER: "{issuer[:80]}" is not a URL such as https://accounts.google.com.')
    if bool(issuer) != bool(settings.oidc_audience):
        problems.append(f"{PREFIX}OIDC_ISSUER and {PREFIX}OIDC_AUDIENCE need each other.")
    problems += [
        f'{PREFIX}OIDC_SCOPES: "{value}={scope}" should end in =SCOPE, one of {", ".join(GRANTED_SCOPES)}.'
        for value, scope in granted_by(settings).items()
        if not value or scope not in GRANTED_SCOPES
    ]
    return problems


def _is_public(issuer: str) -> bool:
    """HTTPS on the usual port, without user, query or fragment."""
    try:
        parts = urlsplit(issuer)
    except ValueError:
        return False
    usual = parts.netloc == parts.hostname and not parts.query and not parts.fragment
    return parts.scheme == "https" and usual and "." in parts.netloc
