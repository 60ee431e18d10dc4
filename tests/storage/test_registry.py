"""The price of growth: a scheme in a file of one's own is found, with no other edit."""

import subprocess
import sys
from pathlib import Path

import pytest

from storage import registry
from storage.address import Address
from storage.errors import UnknownSchemeError
from storage.objects import Store
from storage.options import Options
from storage.registry import Stores
from tests.conftest import ROOT

SCHEME = '''"""nothing://: holds nothing."""

from storage.errors import NoObjectError
from storage.registry import scheme


@scheme
class Nothing:
    """Nothing is there."""

    scheme = "nothing"

    def __init__(self, options):
        self.options = options

    def read(self, address, deadline, *, at=None):
        raise NoObjectError("There is nothing.")
'''
USE = """
import storage.registry as registry
from core.limits import Deadline
from storage.address import Address
from storage.errors import NoObjectError
from storage.options import Options
registry.load_schemes("loud_schemes")
address = Address.parse("nothing://here/a.jpg")
try:
    registry.Stores(Options()).of(address).read(address, Deadline(1))
except NoObjectError:
    print(*registry.schemes())
"""


def test_what_there_is() -> None:
    assert {"file", "gs", "http", "https", "memory", "s3"} <= set(registry.schemes())


def test_a_new_scheme_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "loud_schemes").mkdir()
    (tmp_path / "loud_schemes" / "__init__.py").touch()
    (tmp_path / "loud_schemes" / "nothing.py").write_text(SCHEME)
    command = [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r}){USE}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted([*registry.schemes(), "nothing"])


def test_two_classes_of_one_scheme() -> None:
    class Other:
        scheme = "memory"

    with pytest.raises(TypeError) as raised:
        registry.scheme(Other)  # type: ignore[type-var]
    assert str(raised.value) == f'The scheme "memory" is registered twice: in storage.schemes.memory and {__name__}.'
    assert type(Stores(Options()).of(Address("memory", "in", "a.jpg"))).__module__ == "storage.schemes.memory"


def test_shipped_schemes_are_registered_before_any_other(tmp_path: Path) -> None:
    (tmp_path / "early_scheme.py").write_text(SCHEME.replace('"nothing"', '"memory"'))
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n"
        "from storage import registry\n"
        "try: registry.load_schemes('early_scheme')\n"
        "except TypeError as error: print(error)\n"
        "print(*registry.schemes())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        'The scheme "memory" is registered twice: in storage.schemes.memory and early_scheme.',
        "file gs http https memory s3",
    ]


def test_an_unknown_scheme() -> None:
    with pytest.raises(UnknownSchemeError, match='Did you mean "memory://"'):
        Stores(Options()).of(Address("memmory", "in", "a.jpg"))


@pytest.mark.parametrize("scheme", registry.schemes())
def test_one_store_each(scheme: str) -> None:
    stores = Stores(Options())
    address = Address(scheme, "in", "a.jpg")
    assert stores.of(address) is stores.of(address)


def test_the_protocol_stays_small() -> None:
    methods = [name for name in vars(Store) if not name.startswith("_") and callable(getattr(Store, name))]
    assert sorted(methods) == ["delete", "list", "read", "sign", "write"]


SDKS = ("boto3", "botocore", "google.cloud.storage", "google.auth", "google_crc32c", "requests", "urllib3")


def test_no_library_is_imported_before_its_scheme_is_used() -> None:
    """Opening every store imports none of them: that happens at the first call."""
    code = f"""
import sys
from storage.address import Address
from storage.options import Options
from storage.registry import Stores, schemes
for scheme in schemes():
    Stores(Options()).of(Address(scheme, "in", "a.jpg"))
print(*(name for name in {SDKS!r} if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(("scheme", "library"), [("gs", "google.cloud.storage"), ("s3", "boto3.session")])
def test_a_library_that_is_not_installed(scheme: str, library: str) -> None:
    code = f"""
import sys
sys.modules[{library!r}] = None
from core.limits import Deadline
from storage.address import Address
from storage.errors import NoSdkError
from storage.options import Options
from storage.registry import Stores
address = Address({scheme!r}, "in", "a.jpg")
try:
    Stores(Options(gs_endpoint="http://127.0.0.1:9", gs_project="p")).of(address).read(address, Deadline(1))
except NoSdkError as error:
    print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["sdk_missing"]
