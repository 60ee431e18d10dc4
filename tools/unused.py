"""Takes out of an environment what the server never loads, while the image is built.

python -B tools/unused.py PACKAGES SOURCE

PACKAGES is a folder `site-packages` of the Python that runs this, SOURCE the one whose code is to run there. What is
needed is found out from that code: it is not a list that somebody keeps.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_LOADS = """
import sys
from importlib import import_module
for place in sys.argv[1:]:
    module, _, name = place.partition(":")
    getattr(import_module(module), name or "__name__")
print(*{line.split(maxsplit=5)[5].strip() for line in open("/proc/self/maps") if "/imagecodecs" in line}, sep="\\n")
"""
"""Loads what is named and prints the files of imagecodecs that the process has mapped then, libraries among them."""


def unused(packages: Path, source: Path) -> dict[str, list[Path]]:
    """The files that may go, by what they are."""
    return {
        "imagecodecs": [*_unused_codecs(packages, source)],
        "botocore": [*_unused_services(packages, source)],
        "tests": [*_tests(packages)],
        "types and headers": [path for end in ("pyi", "h") for path in packages.rglob(f"*.{end}") if path.is_file()],
    }


def _unused_codecs(packages: Path, source: Path) -> Iterator[Path]:
    """Extension modules of imagecodecs that no code names, and libraries that only they load."""
    named = sorted({place for tree in _trees(source) for place in _named_of_imagecodecs(tree)})
    if not (packages / "imagecodecs").is_dir():
        return
    ran = subprocess.run(
        [sys.executable, "-B", "-c", _LOADS, *named],
        env={"PYTHONPATH": str(packages)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    loaded = {Path(line).resolve() for line in ran.stdout.splitlines()}
    for folder in ("imagecodecs", "imagecodecs.libs"):
        yield from (path for path in (packages / folder).glob("*.so*") if path.resolve() not in loaded)


def _named_of_imagecodecs(tree: ast.Module) -> Iterator[str]:
    """What code takes from imagecodecs: `module`, or `module:name`."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.partition(".")[0] == "imagecodecs":
                yield from (f"{module}:{name.name}" for name in names)
            case ast.Attribute(value=ast.Name(id="imagecodecs"), attr=name):
                yield f"imagecodecs:{name}"
            case ast.Call(args=[ast.Constant(value=str(module))]) if module.startswith("imagecodecs."):
                if ast.unparse(node.func).endswith("import_module"):
                    yield module


def _unused_services(packages: Path, source: Path) -> Iterator[Path]:
    """Descriptions of Amazon's services for which neither our code nor botocore, for credentials, makes a client."""
    folder = packages / "botocore"
    trees = [*_trees(source), *map(_tree, folder.glob("*.py"))]
    named = {name for tree in trees for name in _clients(tree)}
    for service in (path for path in folder.glob("data/*") if path.is_dir() and path.name not in named):
        yield from (path for path in service.rglob("*") if path.is_file())


def _clients(tree: ast.Module) -> Iterator[str]:
    """The words passed to whatever makes clients: session.client("s3"), create_nested_client(…, "sso-oidc")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and "client" in ast.unparse(node.func).rpartition(".")[2]:
            words = (each.value for each in node.args if isinstance(each, ast.Constant))
            yield from (word for word in words if isinstance(word, str))


def _tests(packages: Path) -> Iterator[Path]:
    """All that is in the tests of packages, which none of them imports."""
    for folder in packages.rglob("tests"):
        if any(folder.glob("test_*.py")):
            yield from (path for path in folder.rglob("*") if path.is_file())


def _trees(source: Path) -> Iterator[ast.Module]:
    yield from map(_tree, source.rglob("*.py"))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def main() -> None:
    """Take it out, and print how much it was."""
    packages, source = map(Path, sys.argv[1:])
    told = []
    for kind, paths in unused(packages, source).items():
        there = {path: path.lstat().st_size for path in paths if path.exists()}
        told.append(f"{kind} {sum(there.values()) / 2**20:.1f} MiB")
        for path in there:
            path.unlink()
    print(f"Left out, because the server loads none of it: {', '.join(told)}.")


if __name__ == "__main__":
    main()
