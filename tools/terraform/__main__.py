"""See the package."""

import sys

from tools.terraform import check, prove, schema, stub
from tools.terraform.run import Terraform

USAGE = "One of: test, prove, schema [--check], build"


def main(arguments: list[str]) -> int:
    """The exit code."""
    match arguments:
        case ["test"]:
            return check.main(Terraform())
        case ["prove"]:
            return prove.main()
        case ["schema", *rest] if rest in ([], ["--check"]):
            return schema.main(rest)
        case ["build"]:
            return int(not stub.built().is_dir())
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
