"""What the published TypeScript bindings of a Terraform provider say about its resources: a schema of blocks and types.

CDK for Terraform generated them from the provider's own schema, so each member is preceded by its Terraform name and by
whether it is computed, optional or required; `synthesizeHclAttributes` says which are blocks.
The generator is now CDK Terrain: https://github.com/open-constructs/cdk-terrain
"""

import base64
import json
import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Any, NamedTuple

Block = dict[str, Any]
"""{"attributes": {name: {"type", "use", "values"?}}, "blocks": {name: {"nesting", "min"?, "max"?, "block"}}}.

`type` is Terraform's JSON for a type, `use` some of r(equired), o(ptional), c(omputed), w(rite-only).
"""

_CLASS = re.compile(r"^export class (\w+) extends cdkt\w\.(\w+) \{$", re.MULTILINE)
_MEMBER = re.compile(
    r"^  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)$", re.MULTILINE
)
_COMPLEX = re.compile(r"new ([\w.]+)\(this, [\"'](\w+)[\"'](?:, (true|false))?\)")
_GETTER = re.compile(r"this\.get(\w+)Attribute\('\w+'\)")
_FIELD = re.compile(r"private _\w+\?: (.+);")
_HCL = re.compile(
    r"^ {4,6}(\w+): \{\n\s+value: .*\n\s+isBlock: (true|false),\n\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_ROOT = re.compile(r"tfResourceType = \"(\w+)\"")
_INTERFACE = re.compile(r"^export interface (\w+)(?: extends [\w.]+)? \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
_DOCUMENTED = re.compile(r"/\*\*(.*?)\*/\s*readonly ", re.DOTALL)
_ANCHOR = re.compile(r"\{@link \S+#(\w+) ")
_VALUES = re.compile(r"Possible values: \[([^\]]*)\]")
_TYPES: dict[str, Any] = {
    "String": "string", "Number": "number", "Boolean": "bool", "List": ["list", "string"],
    "NumberList": ["list", "number"], "StringMap": ["map", "string"], "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"], "AnyMap": ["map", "string"],
}  # fmt: skip
_STORED: dict[str, Any] = {name[0].lower() + name[1:]: found for name, found in _TYPES.items()} | {
    "stringList": ["list", "string"], "stringSet": ["set", "string"], "numberSet": ["set", "number"],
    "list": ["list", "string"],
}  # fmt: skip
_FIELDS: dict[str, Any] = {
    "string": "string", "number": "number", "boolean": "bool", "string[]": ["list", "string"],
    "{ [key: string]: string }": ["map", "string"],
}  # fmt: skip
_ROOTS = {"TerraformResource", "TerraformDataSource", "TerraformProvider"}


class Hcl(NamedTuple):
    """What `synthesizeHclAttributes` says of a name: its nesting, and its type or class."""

    is_block: bool
    kind: str
    stored: str


class BindingsError(ValueError):
    """The bindings say something that this reader does not understand."""


class Bindings:
    """The classes in the files of one resource."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._classes: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        self._values: dict[str, dict[str, list[str]]] = {}
        self._hcl: dict[str, dict[str, Hcl]] = {}
        for source in sources:
            self._read(source)

    def _read(self, source: str) -> None:
        found = list(_CLASS.finditer(source))
        for one, following in zip_longest(found, found[1:]):
            body = source[one.end() : following.start() if following else len(source)]
            self._classes[one[1]] = body
            if one[2] in _ROOTS and (name := _ROOT.search(body)):
                self._roots[name[1]] = one[1]
        self._values |= {one[1]: dict(_listed(one[2])) for one in _INTERFACE.finditer(source)}
        self._hcl |= _functions(source)

    def schema(self, name: str) -> Block:
        """The schema of a resource, a data source, or a provider, by its name in Terraform. KeyError."""
        root = self._roots[name]
        return self._block(root, _sections(self._classes[root]), self._values.get(f"{root}Config", {}))

    def _block(self, name: str, hcl: dict[str, Hcl], values: dict[str, list[str]]) -> Block:
        block: Block = {"attributes": {}, "blocks": {}}
        for member, use, text in _members(self._classes[name]):
            found = _COMPLEX.search(text)
            if found and not found[1].endswith("Map"):
                self._nested(block, member, use, found, hcl.get(member))
            elif member in hcl and hcl[member].is_block and not found:
                block["blocks"][member] = self._plain(hcl[member])  # of a provider, which nothing refers to
            else:
                listed = {"values": values[member]} if member in values else {}
                block["attributes"][member] = {"type": _simple(text, member, found), "use": use, **listed}
        return block

    def _nested(self, block: Block, member: str, use: str, found: "re.Match[str]", hcl: Hcl | None) -> None:
        many = found[1].endswith("List")
        one = f"{found[1].removesuffix('List')}OutputReference" if many else found[1]
        if one not in self._classes:
            raise BindingsError(f"{member}: the class {one} is missing")
        struct = one.removesuffix("OutputReference")
        inner = self._block(one, self._hcl.get(struct.lower(), {}), self._values.get(struct, {}))
        nesting = "set" if found[3] == "true" else _NESTINGS[hcl.kind if hcl else "list"]
        # What the provider may fill in is an attribute, which HCL lets be written as a block all the same.
        if hcl is None or "c" in use:
            shape = ["object", _object(inner)]
            block["attributes"][member] = {"type": shape if nesting == "single" else [nesting, shape], "use": use}
            return
        block["blocks"][member] = {"nesting": nesting, "block": inner}
        if nesting in {"list", "set"}:
            block["blocks"][member] |= ({"min": 1} if "r" in use else {}) | ({} if many else {"max": 1})

    def _plain(self, hcl: Hcl) -> dict[str, Any]:
        """A block that is known only by what is written of it."""
        struct = hcl.stored.removesuffix("List")
        inner: Block = {"attributes": {}, "blocks": {}}
        for name, one in self._hcl.get(struct.lower(), {}).items():
            if one.is_block:
                inner["blocks"][name] = self._plain(one)
            else:
                inner["attributes"][name] = {"type": _STORED[one.stored], "use": "o"}
        return {"nesting": _NESTINGS[hcl.kind], "block": inner}


_NESTINGS = {"struct": "single", "set": "set", "list": "list", "map": "map"}


def _members(body: str) -> Iterable[tuple[str, str, str]]:
    found = list(_MEMBER.finditer(body))
    for one, following in zip_longest(found, found[1:]):
        use = "".join(letter for letter, said in zip("cor", one.groups()[1:], strict=True) if said == "true")
        # The bindings do not say what is write-only; the providers name it so.
        text = body[one.end() : following.start() if following else len(body)]
        yield one[1], use + ("w" if one[1].endswith("_wo") else ""), text


def _simple(text: str, name: str, mapped: "re.Match[str] | None") -> Any:
    if mapped:
        return _TYPES[mapped[1].split(".")[-1]]
    if getter := _GETTER.search(text):
        found = _TYPES[getter[1]]
        return ["set", found[1]] if "Fn.tolist(" in text else found
    if field := _FIELD.search(text):
        return _FIELDS[re.sub(r" \| cdkt\w\.IResolvable$", "", field[1])]
    if "interpolationForAttribute" in text:
        return "dynamic"
    raise BindingsError(f"{name}: no type in {text[:200]!r}")


def _object(block: Block) -> dict[str, Any]:
    """The type of an object with what a block holds."""
    shape = {name: one["type"] for name, one in block["attributes"].items()}
    for name, nested in block["blocks"].items():
        inner = ["object", _object(nested["block"])]
        shape[name] = inner if nested["nesting"] == "single" else [nested["nesting"], inner]
    return shape


def _sections(body: str) -> dict[str, Hcl]:
    return {one[1]: Hcl(one[2] == "true", one[3], one[4]) for one in _HCL.finditer(body)}


def _functions(source: str) -> dict[str, dict[str, Hcl]]:
    """What each `…ToHclTerraform` writes, by its struct in lower case."""
    parts = re.split(r"^export function (\w+)ToHclTerraform\(", source, flags=re.MULTILINE)
    return {
        name.lower(): _sections(body.split("\n}\n", 1)[0]) for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _listed(interface: str) -> Iterable[tuple[str, list[str]]]:
    """The attributes whose comment lists every value, and these."""
    for comment in _DOCUMENTED.findall(interface):
        anchor, values = _ANCHOR.search(comment), _VALUES.search(comment)
        listed = re.findall(r'"([^"]*)"', values[1]) if values else []
        if anchor and listed:
            yield anchor[1], listed


def typescript(javascript: str) -> list[str]:
    """The TypeScript in the inline source map at the end of a compiled file; empty without one."""
    found = re.search(r"//# sourceMappingURL=data:application/json;base64,([\w+/=]+)\s*\Z", javascript)
    return list(json.loads(base64.b64decode(found[1])).get("sourcesContent", [])) if found else []
