"""What a platform passes on: the largest body of a request and of an answer, each way.

Cloud Run: https://cloud.google.com/run/quotas (HTTP/1). AWS Lambda: 6 MB, of which base64 leaves 4.5 MB for what is
not text (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). Amazon's HTTP API:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html.
"""

import json
from collections.abc import Mapping

import msgspec

from service.settings import Settings

_MEGABYTE = 1_000_000
_LONGEST_ESCAPE = 6
"""Characters that a byte takes at most in JSON: `\\u0000`."""


class Platform(msgspec.Struct, frozen=True):
    """Limits of a platform, bytes: of text, and of everything else. None: no limit."""

    text: int | None = None
    binary: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there are limits at all."""
        return self.binary is not None

    def most(self, media_type: str) -> int | None:
        """The largest body of a media type; of a multipart body, whatever its parts are."""
        return self.text if is_text(media_type) else self.binary

    def passes_on_text(self, data: bytes) -> bool:
        """Whether text that is not too long gets through: where it may be longer than the rest, it is a JSON string."""
        return self.text is None or self.text == self.binary or fits_as_text(data, self.text)


def is_text(media_type: str) -> bool:
    """Whether bodies of a media type are text."""
    return media_type.startswith("text/") or media_type.endswith(("/json", "+json"))


def fits_as_text(data: bytes, most: int = 6 * _MEGABYTE) -> bool:
    """Whether bytes are UTF-8 and, as a string in JSON, at most so long: quotation marks and the like are escaped."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return len(data) * _LONGEST_ESCAPE <= most or len(json.dumps(text)) <= most


PLATFORMS = {
    "none": Platform(),
    "cloud-run": Platform(32 * 2**20, 32 * 2**20),
    "lambda": Platform(6 * _MEGABYTE, 4_500_000),
    "http-api": Platform(10 * _MEGABYTE, 10 * _MEGABYTE),
}
_SIGNS = {"K_SERVICE": "cloud-run", "AWS_LAMBDA_FUNCTION_NAME": "lambda"}
"""Variables that a platform sets."""


def platform_of(settings: Settings, environ: Mapping[str, str]) -> Platform:
    """The platform that is set, else the one whose variable is in the environment."""
    found = next((name for variable, name in _SIGNS.items() if environ.get(variable)), "none")
    return PLATFORMS[settings.platform or found]
