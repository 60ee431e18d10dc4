"""The clouds as users see them: sources are changed without the proxy, and events have each platform's format."""

import base64
import contextlib
import http.client
import json
import os
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import quote, quote_plus, urlsplit

from storage.options import Options
from tools.emulators import fake_gcs, moto, proxied
from tools.emulators.faults import Rule
from tools.emulators.proxied import Proxied

BUCKETS = ("sources", "outputs", "records")


class Cloud(Protocol):
    """A cloud, as far as a run needs it."""

    scheme: str
    proxy: Proxied

    def options(self) -> Options:
        """The storage options of the workers: through the proxy."""

    def put(self, key: str, data: bytes) -> None:
        """Write a source, as any user would."""

    def delete(self, key: str) -> None:
        """Delete a source."""

    def event(self, key: str, *, put: bool, attempt: int) -> bytes:
        """The body that a platform delivers."""


class Google:
    """fake-gcs-server, and Pub/Sub's push."""

    scheme = "gs"

    def __init__(self, upstream: str, proxy: Proxied) -> None:
        self.proxy = proxy
        self._connection = http.client.HTTPConnection(urlsplit(upstream).netloc)

    def options(self) -> Options:
        """See `Cloud`."""
        return Options(gs_endpoint=self.proxy.url, gs_project="test")

    def put(self, key: str, data: bytes) -> None:
        """See `Cloud`."""
        path = f"/upload/storage/v1/b/sources/o?uploadType=media&name={quote(key, safe='')}"
        self._request("POST", path, data)

    def delete(self, key: str) -> None:
        """See `Cloud`."""
        self._request("DELETE", f"/storage/v1/b/sources/o/{quote(key, safe='')}", b"")

    def event(self, key: str, *, put: bool, attempt: int) -> bytes:
        """See `Cloud`."""
        kind = "OBJECT_FINALIZE" if put else "OBJECT_DELETE"
        attributes = {"bucketId": "sources", "objectId": key, "eventType": kind, "payloadFormat": "JSON_API_V1"}
        message = {"attributes": attributes, "messageId": "1", "data": base64.b64encode(b"{}").decode()}
        return json.dumps({"message": message, "subscription": "s", "deliveryAttempt": attempt}).encode()

    def _request(self, method: str, path: str, data: bytes) -> None:
        self._connection.request(method, path, data, {"Content-Type": "image/jpeg"})
        response = self._connection.getresponse()
        response.read()
        if response.status not in {200, 204}:
            raise RuntimeError(f"{method} {path}: {response.status}")


class Amazon:
    """moto, and S3's notifications through SQS."""

    scheme = "s3"

    def __init__(self, upstream: str, proxy: Proxied) -> None:
        import boto3

        self.proxy = proxy
        self._client: Any = boto3.client("s3", endpoint_url=upstream, region_name="us-east-1")

    def make(self, bucket: str) -> None:
        """A new bucket."""
        self._client.create_bucket(Bucket=bucket)

    def options(self) -> Options:
        """See `Cloud`."""
        return Options(s3_endpoint=self.proxy.url, s3_region="us-east-1")

    def put(self, key: str, data: bytes) -> None:
        """See `Cloud`."""
        self._client.put_object(Bucket="sources", Key=key, Body=data, ContentType="image/jpeg")

    def delete(self, key: str) -> None:
        """See `Cloud`."""
        self._client.delete_object(Bucket="sources", Key=key)

    def event(self, key: str, *, put: bool, attempt: int) -> bytes:
        """See `Cloud`."""
        name = "ObjectCreated:Put" if put else "ObjectRemoved:Delete"
        where = {"bucket": {"name": "sources"}, "object": {"key": quote_plus(key)}}
        body = json.dumps({"Records": [{"eventSource": "aws:s3", "eventName": name, "s3": where}]})
        attributes = {"ApproximateReceiveCount": str(attempt)}
        record = {"messageId": "1", "eventSource": "aws:sqs", "body": body, "attributes": attributes}
        return json.dumps({"Records": [record]}).encode()


@contextlib.contextmanager
def google(seed: int) -> Iterator[Cloud]:
    """The cloud with its buckets."""
    with fake_gcs.started() as upstream, proxied.before("gs", upstream, seed=seed) as proxy:
        for bucket in BUCKETS:
            fake_gcs.make_bucket(upstream, bucket)
        yield Google(upstream, proxy)


@contextlib.contextmanager
def amazon(seed: int) -> Iterator[Cloud]:
    """The cloud with its buckets."""
    os.environ.update(moto.KEYS)
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull)
    with moto.started() as upstream, proxied.before("s3", upstream, seed=seed) as proxy:
        cloud = Amazon(upstream, proxy)
        for bucket in BUCKETS:
            cloud.make(bucket)
        yield cloud


CLOUDS = {"gs": google, "s3": amazon}


def faults() -> list[Rule]:
    """Faults of every kind, about one call in ten, among them writes whose response is lost."""
    return [
        Rule("lost", "write", rate=0.04),
        Rule("503-after", "write", rate=0.02),
        Rule("lost", "delete", rate=0.05),
        Rule("cut", "read", rate=0.03),
        Rule("flip", "read", rate=0.03),
        Rule("slow", "read", rate=0.3, seconds=0.5),
        Rule("reset", rate=0.03),
        Rule("503", rate=0.02),
        Rule("429", rate=0.01),
        Rule("500", rate=0.01),
        Rule("409", "write", rate=0.01),
    ]
