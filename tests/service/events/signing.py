"""A topic of Amazon SNS that signs its messages with a certificate of the tests' own."""

import base64
import datetime as dt
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from core.limits import Deadline
from storage.errors import UnreachableError

TOPIC = "arn:aws:sns:eu-central-1:123456789012:pictures"
HOST = "https://sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0123456789abcdef.pem"
_ORDER = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


def certificate(
    key: Any, name: str = "sns.amazonaws.com", days: tuple[int, int] = (-1, 1), authority: bool = False,
    issuer: Any = None, issuer_name: str = "",
) -> bytes:  # fmt: skip
    """A certificate in PEM, self-signed unless an issuer's key is given."""
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    of = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name or name)])
    builder = x509.CertificateBuilder(of, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now + days[0] * day).not_valid_after(now + days[1] * day)
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    return builder.sign(issuer or key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Topic:
    """Signs messages; `documents` is what is at which URL, and `asked` what was fetched."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.documents = {CERTIFICATE: certificate(self.key)}
        self.asked: list[str] = []

    def fetch(self, url: str, _: Deadline) -> bytes:
        self.asked.append(url)
        if url not in self.documents:
            raise UnreachableError("There is nothing.")
        return self.documents[url]

    def message(self, message: Any = "{}", **more: Any) -> dict[str, Any]:
        """A signed message; members of None are left out before it is signed."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        told = message if isinstance(message, str) else json.dumps(message)
        usual = {
            "Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Message": told, "Timestamp": now,
            "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
        }  # fmt: skip
        return self.signed({name: value for name, value in {**usual, **more}.items() if value is not None})

    def signed(self, members: dict[str, Any], key: Any = None, hash_: Any = None) -> dict[str, Any]:
        names = _ORDER.get(str(members.get("Type")), _ORDER["Notification"])
        text = "".join(f"{name}\n{members[name]}\n" for name in names if name in members)
        made = (key or self.key).sign(text.encode(), padding.PKCS1v15(), hash_ or hashes.SHA256())
        return {**members, "Signature": base64.b64encode(made).decode()}


def elliptic() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def weak() -> Any:
    return rsa.generate_private_key(65537, 1024)
