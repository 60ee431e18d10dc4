"""Problems of the settings about keys and tokens."""

from service.keys.authenticator import granted_by
from service.keys.file import KeyFileError
from service.keys.key import GRANTED_SCOPES
from service.keys.ring import KeyRing
from service.settings import PREFIX, Settings
from storage.errors import BadAddressError


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
    if issuer:
        from storage.web.document import check_document_url

        try:
            check_document_url(f"{issuer.rstrip('/')}/x")
        except (BadAddressError, ValueError) as error:
            problems.append(f'{PREFIX}OIDC_ISSUER: "{issuer[:80]}": {error}')
    if bool(issuer) != bool(settings.oidc_audience):
        problems.append(f"{PREFIX}OIDC_ISSUER and {PREFIX}OIDC_AUDIENCE need each other.")
    problems += [
        f'{PREFIX}OIDC_SCOPES: "{value}={scope}" should end in =SCOPE, one of {", ".join(GRANTED_SCOPES)}.'
        for value, scope in granted_by(settings).items()
        if not value or scope not in GRANTED_SCOPES
    ]
    return problems
