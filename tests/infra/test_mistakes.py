"""Mistakes planted in copies of the modules: each must be found, by Terraform against the schema or by our rules.

Each starts Terraform for some seconds, so the first ten run always, the others with DARKROOM_TEST_INFRA=all.
"""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tools.terraform import check, sources
from tools.terraform.run import INFRA, Terraform


class Mistake(NamedTuple):
    """A file, what is replaced in it (a pattern), by what, the example that shows it, and what must be said."""

    file: str
    pattern: str
    replacement: str
    example: str
    said: str


def removed(block: str) -> str:
    """A block of two or four spaces' depth, whole."""
    return rf"^(?P<depth> *){re.escape(block)} \{{\n(?:(?P=depth) .*\n|\n)*(?P=depth)\}}\n"


MISTAKES = {
    "an unknown attribute": Mistake(
        "gcp/storage.tf", r"(uniform_bucket_level_access = true)", r"\1\n  uniform_access = true", "gcp/minimal",
        "An argument named \"uniform_access\" is not expected here"),
    "an unknown block": Mistake(
        "aws/functions.tf", r"  tracing_config \{", "  tracing {", "aws/minimal", "Blocks of type \"tracing\" are not expected"),
    "an attribute that only the cloud sets": Mistake(
        "gcp/storage.tf", r"(uniform_bucket_level_access = true)", r'\1\n  self_link = "x"', "gcp/minimal", "Only the provider sets"),
    "a missing required attribute": Mistake(
        "gcp/events.tf", r"  payload_format .*\n", "", "gcp/minimal", 'The argument "payload_format" is required'),
    "a missing required attribute on AWS": Mistake(
        "aws/functions.tf", r"  role +=.*\n", "", "aws/minimal", 'The argument "role" is required'),
    "a missing required block": Mistake(
        "gcp/cdn.tf", removed("match"), "", "gcp/private-with-cdn", "match"),
    "a public bucket": Mistake(
        "gcp/storage.tf", r'"enforced"', '"inherited"', "gcp/minimal", "[public_buckets]"),
    "a bucket with access lists": Mistake(
        "gcp/storage.tf", r"uniform_bucket_level_access = true", "uniform_bucket_level_access = false", "gcp/minimal", "[public_buckets]"),
    "a bucket that everybody reads": Mistake(
        "gcp/identities.tf", r"member = each.value.member", 'member = "allUsers"', "gcp/minimal", "everybody has roles/storage"),
    "a public bucket on AWS": Mistake(
        "aws/storage.tf", r"block_public_policy     = true", "block_public_policy = false", "aws/minimal", "[public_buckets]"),
    "a bucket policy for everybody": Mistake(
        "aws/storage.tf", r'Effect    = "Deny"((?:.*\n)*?) *Condition.*\n', r'Effect    = "Allow"\1', "aws/minimal", "[public_buckets]"),
    "roles/editor": Mistake(
        "gcp/identities.tf", r'"roles/storage.objectUser"', '"roles/editor"', "gcp/minimal", "[broad_roles]"),
    "an administrator": Mistake(
        "gcp/identities.tf", r'"roles/storage.objectUser"', '"roles/storage.admin"', "gcp/minimal", "[broad_roles]"),
    "a role on the whole project": Mistake(
        "gcp/events.tf", r'"roles/eventarc.eventReceiver"', '"roles/storage.objectUser"', "gcp/bucket-only", "[broad_roles]"),
    "every action": Mistake(
        "aws/iam.tf", r'"s3:GetObject", "s3:PutObject", "s3:DeleteObject"', '"s3:*"', "aws/minimal", "[broad_roles]"),
    "every bucket": Mistake(
        "aws/iam.tf", r'\["\$\{aws_s3_bucket.results.arn\}/\*"\]', '["*"]', "aws/minimal", "[broad_roles]"),
    "no dead letter": Mistake(
        "gcp/events.tf", removed("dead_letter_policy"), "", "gcp/minimal", "[dead_letters]"),
    "no dead letter on AWS": Mistake(
        "aws/events.tf", r"  redrive_policy = jsonencode\(\{\n(?:.*\n)*?  \}\)\n", "", "aws/bucket-only", "[dead_letters]"),
    "nobody who may move dead letters": Mistake(
        "gcp/events.tf", r'"roles/pubsub.subscriber"\n  member +=.*', '"roles/pubsub.subscriber"\n  member = local.server', "gcp/minimal", "[dead_letters]"),
    "no retries": Mistake(
        "gcp/events.tf", removed("retry_policy"), "", "gcp/minimal", "[retries]"),
    "a function without retries": Mistake(
        "gcp/events.tf", r"RETRY_POLICY_RETRY", "RETRY_POLICY_DO_NOT_RETRY", "gcp/bucket-only", "[retries]"),
    "events without a token": Mistake(
        "gcp/events.tf", removed("oidc_token"), "", "gcp/minimal", "[senders]"),
    "buckets of others": Mistake(
        "aws/events.tf", r" *ArnEquals .*\n", "", "aws/bucket-only", "[senders]"),
    "no instance cap": Mistake(
        "gcp/service.tf", r" *max_instance_count +=.*\n", "", "gcp/minimal", "[instance_caps]"),
    "no instance cap of a function": Mistake(
        "gcp/events.tf", r" *max_instance_count +=.*\n", "", "gcp/bucket-only", "[instance_caps]"),
    "no instance cap on AWS": Mistake(
        "aws/functions.tf", r" *reserved_concurrent_executions = .*\n", "", "aws/minimal", "[instance_caps]"),
    "acknowledgement below our deadline": Mistake(
        "gcp/events.tf", r"= var.request_seconds \+ 30\n  message", "= 20\n  message", "gcp/minimal", "[deadlines]"),
    "the default acknowledgement": Mistake(
        "gcp/events.tf", r"  ack_deadline_seconds       = var.*\n", "", "gcp/minimal", "[deadlines]"),
    "visibility below our deadline": Mistake(
        "aws/events.tf", r"6 \* local.timeout", "30", "aws/bucket-only", "[deadlines]"),
    "a platform that ends first": Mistake(
        "aws/main.tf", r"var.request_seconds \+ \(.*\)", "20", "aws/minimal", "[deadlines]"),
    "a key file": Mistake(
        "gcp/identities.tf", r"\Z", '\nresource "google_service_account_key" "server" {\n'
        "  service_account_id = google_service_account.server[0].name\n}\n", "gcp/minimal", "a key that can be copied"),
    "a key file that the server reads": Mistake(
        "gcp/main.tf", r"(DARKROOM_AUTH           = var.auth)", r'\1\n      GOOGLE_APPLICATION_CREDENTIALS = "/key.json"',
        "gcp/minimal", "[key_files]"),
    "a key in the provider": Mistake(
        "examples/gcp/minimal/main.tf", r"(provider \"google\" \{)", r'\1\n  credentials = file("key.json")', "gcp/minimal", "is given credentials"),
    "an access key": Mistake(
        "aws/main.tf", r"(DARKROOM_AUTH    = var.auth)", r'\1\n        AWS_SECRET_ACCESS_KEY = "x"', "aws/minimal", "[key_files]"),
    "an unbound identity": Mistake(
        "gcp/identities.tf", r' *"sweeper (reads|writes) \w+" .*\n', "", "gcp/minimal", "[identities]"),
    "the default identity": Mistake(
        "gcp/service.tf", r" *service_account       = .*\n", "", "gcp/minimal", "[identities]"),
    "an identity that is bound to another bucket": Mistake(
        "gcp/identities.tf", r'"server writes results" = \{ bucket = local.results', '"server writes results" = { bucket = local.uploads',
        "gcp/minimal", "[identities]"),
    "an unbound identity on AWS": Mistake(
        "aws/iam.tf", r'"s3:PutObject", ', "", "aws/minimal", "[identities]"),
    "a queue without partial failures": Mistake(
        "aws/events.tf", r" *function_response_types = .*\n", "", "aws/bucket-only", "[partial_failures]"),
    "answers that are kept": Mistake(
        "gcp/storage.tf", r'"answers/"', '"answer/"', "gcp/minimal", "[lifecycles]"),
    "answers that are kept on AWS": Mistake(
        "aws/storage.tf", r'"answers/"', '"answer/"', "aws/minimal", "[lifecycles]"),
    "a way around the load balancer": Mistake(
        "gcp/service.tf", r'"INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"', '"INGRESS_TRAFFIC_ALL"', "gcp/private-with-cdn", "[ways_around]"),
    "a setting that there is not": Mistake(
        "gcp/main.tf", r"DARKROOM_MAX_SECONDS    =", "DARKROOM_MAXIMUM_SECONDS =", "gcp/minimal", "DARKROOM_MAXIMUM_SECONDS is not a setting"),
    "a value that the server refuses": Mistake(
        "aws/main.tf", r'"none" : "mongo"', '"off" : "mongo"', "aws/minimal", "[settings]"),
}  # fmt: skip


def found_in(infra: Path, example: str) -> list[str]:
    root = infra / "examples" / example
    wrong, _ = check.checked(root, Terraform())
    return [*wrong, *sources.problems(infra)]


def planted(mistake: Mistake, folder: Path) -> Path:
    infra = Path(shutil.copytree(INFRA, folder / "infra"))
    path = infra / mistake.file
    text, count = re.subn(mistake.pattern, mistake.replacement, path.read_text(), flags=re.MULTILINE)
    assert count, "the mistake could not be made: the module has changed"
    path.write_text(text)
    return infra


ALWAYS = (
    "an unknown attribute", "a missing required attribute", "a public bucket", "roles/editor", "no dead letter",
    "no instance cap", "acknowledgement below our deadline", "a key file", "an unbound identity",
    "a queue without partial failures",
)  # fmt: skip
CHOSEN = MISTAKES if os.environ.get("DARKROOM_TEST_INFRA") == "all" else ALWAYS


@pytest.mark.parametrize(
    ("file", "pattern"), [pytest.param(one.file, one.pattern, id=name) for name, one in MISTAKES.items()]
)
def test_a_mistake_can_be_made(file: str, pattern: str) -> None:
    assert re.search(pattern, (INFRA / file).read_text(), re.MULTILINE)


@pytest.mark.infra
@pytest.mark.parametrize("mistake", [pytest.param(MISTAKES[name], id=name) for name in CHOSEN])
def test_a_mistake_is_found(mistake: Mistake, tmp_path: Path) -> None:
    found = found_in(planted(mistake, tmp_path), mistake.example)
    assert any(mistake.said in one for one in found), found
