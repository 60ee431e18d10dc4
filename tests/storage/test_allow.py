"""Lists of allowed addresses: closed unless something is on them."""

import pytest

from storage.address import Address
from storage.allow import Allowed
from storage.errors import BadAddressError, NotAllowedError

LIST = Allowed.parse(["gs://in/photos/", "s3://out", "file://inbox/a", "memory://b/"])


@pytest.mark.parametrize(
    "text",
    ["gs://in/photos/a.jpg", "gs://in/photos/x/y.jpg", "s3://out/a", "file://inbox/a.jpg", "file://inbox/ab/c",
     "memory://b/x"],
)  # fmt: skip
def test_allowed(text: str) -> None:
    assert LIST.check(Address.parse(text)) == Address.parse(text)


@pytest.mark.parametrize(
    "text",
    ["gs://in/photos", "gs://in/photo/a.jpg", "gs://in/Photos/a.jpg", "gs://in2/photos/a.jpg", "s3://in/photos/a.jpg",
     "s3://outer/a", "s3://ou/t", "file://inbox/b", "gs://photos/in/a", "memory://bb/x"],
)  # fmt: skip
def test_not_allowed(text: str) -> None:
    with pytest.raises(NotAllowedError):
        LIST.check(Address.parse(text))


def test_an_empty_list_is_closed() -> None:
    with pytest.raises(NotAllowedError):
        Allowed().check(Address.parse("gs://in/a"))


def test_no_way_out_of_a_folder() -> None:
    with pytest.raises(BadAddressError):
        LIST.check(Address("gs", "in", "photos/../private/a.jpg"))
    with pytest.raises(BadAddressError):
        Allowed.parse(["gs://in/photos/", "nonsense"])
