"""Our rules about what the AWS module makes, which no schema knows.

Each takes everything that a run has applied, and says what is wrong, a sentence each.
"""

import re
from collections.abc import Iterator
from typing import Any

from tools.terraform.rules import Plan, Rule, document, first, listed, max_seconds, setting_problems
from tools.terraform.run import Resource

_CLOSED = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_NAMELESS = re.compile(r"ec2:(Create|Describe|Delete)NetworkInterfaces?\Z")
"""What Lambda does in a VPC, with interfaces that have no names before."""
_BROAD = re.compile(r"(AdministratorAccess|PowerUserAccess|FullAccess)\Z")
_PARTIAL = "ReportBatchItemFailures"
_TIMES = 6
"""Lambda asks for a visibility of six times the function's limit."""


def public_buckets(plan: Plan) -> Iterator[str]:
    """Nobody but named roles reads a bucket."""
    blocks = {one.values["bucket"]: one for one in plan.of("aws_s3_bucket_public_access_block")}
    owners = {one.values["bucket"]: one for one in plan.of("aws_s3_bucket_ownership_controls")}
    for bucket in plan.of("aws_s3_bucket"):
        block, owner = blocks.get(bucket.values.get("id")), owners.get(bucket.values.get("id"))
        if block is None or not all(block.values.get(name) is True for name in _CLOSED):
            yield f"{bucket.address}: a public bucket: its public access is not blocked in all four ways"
        if owner is None or first(owner.values.get("rule")).get("object_ownership") != "BucketOwnerEnforced":
            yield f"{bucket.address}: objects may have access lists of their own"
    for one in plan.of("aws_s3_bucket_acl", "aws_s3_object_copy"):
        yield f"{one.address}: an access list; the owner's rules alone hold"
    for one in plan.of(
        "aws_s3_bucket_policy", "aws_sqs_queue_policy", "aws_sns_topic_policy", "aws_ecr_repository_policy"
    ):
        for statement in _statements(one):
            if statement.get("Effect") == "Allow" and _is_anybody(statement) and not statement.get("Condition"):
                yield f"{one.address}: everybody may {', '.join(listed(statement.get('Action')))}"


def broad_roles(plan: Plan) -> Iterator[str]:
    """Named actions on named things."""
    for one in plan.of("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy"):
        for statement in _statements(one):
            if statement.get("Effect") == "Allow":
                yield from _broad(one, statement)
    attached = [(one, str(one.values.get("policy_arn"))) for one in plan.ending("_policy_attachment")]
    attached += [
        (one, str(arn)) for one in plan.of("aws_iam_role") for arn in one.values.get("managed_policy_arns") or []
    ]
    for one, arn in attached:
        if _BROAD.search(arn):
            yield f"{one.address}: {arn} is too broad a role"


def dead_letters(plan: Plan) -> Iterator[str]:
    """What fails again and again is kept."""
    queues = {one.values.get("arn") for one in plan.of("aws_sqs_queue")}
    for queue in _sources(plan):
        policy = document(queue.values.get("redrive_policy"))
        if policy.get("deadLetterTargetArn") not in queues or not policy.get("maxReceiveCount"):
            yield f"{queue.address}: no dead letter queue"


def partial_failures(plan: Plan) -> Iterator[str]:
    """Of a batch, only what failed comes back."""
    for one in plan.of("aws_lambda_event_source_mapping"):
        if _PARTIAL not in (one.values.get("function_response_types") or []):
            yield f"{one.address}: a queue without partial failures: one that fails brings its whole batch back"


def instance_caps(plan: Plan) -> Iterator[str]:
    """Whatever computes has a most."""
    for one in plan.of("aws_lambda_function"):
        if (one.values.get("reserved_concurrent_executions") or -1) < 1:
            yield f"{one.address}: no cap of instances"
    for one in plan.of("aws_lambda_event_source_mapping"):
        if not first(one.values.get("scaling_config")).get("maximum_concurrency"):
            yield f"{one.address}: no cap of events at a time"


def deadlines(plan: Plan) -> Iterator[str]:
    """Who waits for the server waits longer than it takes at most."""
    functions = {one.values["function_name"]: one for one in plan.of("aws_lambda_function")}
    for one in functions.values():
        longest, timeout = max_seconds(_environment(one)), one.values.get("timeout") or 3
        if timeout <= longest:
            yield f"{one.address}: the platform ends a request after {timeout} s, before the server does"
    queues = {one.values.get("arn"): one for one in plan.of("aws_sqs_queue")}
    for mapping in plan.of("aws_lambda_event_source_mapping"):
        queue, function = queues.get(mapping.values.get("event_source_arn")), functions.get(_called(mapping))
        if queue is None or function is None:
            yield f"{mapping.address}: it joins no queue with a function of ours"
            continue
        seconds, needed = (
            queue.values.get("visibility_timeout_seconds") or 30,
            _TIMES * (function.values.get("timeout") or 3),
        )
        if seconds < needed:
            yield f"{queue.address}: an event is sent again after {seconds} s; it must be at least {needed}"


def key_files(plan: Plan) -> Iterator[str]:
    """Nobody has a key that could be copied."""
    for one in plan.of("aws_iam_access_key", "aws_iam_user", "aws_iam_user_login_profile", "aws_key_pair"):
        yield f"{one.address}: a key that can be copied; functions have roles"
    for one in plan.of("aws_lambda_function"):
        if names := [name for name in _environment(one) if name.startswith("AWS_") and "KEY" in name]:
            yield f"{one.address}: {names[0]} is a key that can be copied"


def identities(plan: Plan) -> Iterator[str]:
    """Every function has a role of its own, which is bound to its bucket; no role is bound to nothing."""
    policies: dict[Any, list[dict[str, Any]]] = {}
    for one in plan.of("aws_iam_role_policy"):
        policies.setdefault(one.values.get("role"), []).extend(_statements(one))
    roles = {one.values.get("arn"): one for one in plan.of("aws_iam_role")}
    for role in roles.values():
        if not policies.get(role.values.get("id")) and not policies.get(role.values.get("name")):
            yield f"{role.address}: an identity that is bound to nothing"
    buckets = {one.values["bucket"]: one.values.get("arn") for one in plan.of("aws_s3_bucket")}
    for one in plan.of("aws_lambda_function"):
        found = roles.get(one.values.get("role"))
        if found is None:
            yield f"{one.address}: runs under no role of ours"
            continue
        arn = buckets.get(_environment(one).get("DARKROOM_RESULTS", "").removeprefix("s3://").split("/")[0])
        if not any(_writes(statement, arn) for statement in policies.get(found.values.get("id"), [])):
            yield f"{one.address}: its role is not bound to the bucket of its results"
    for one in plan.of("aws_lambda_permission"):
        if one.values.get("principal") == "*" and not _is_by_url(one):
            yield f"{one.address}: everybody may invoke the function, around its URL"
        elif str(one.values.get("principal")).endswith(".amazonaws.com") and not one.values.get("source_arn"):
            yield f"{one.address}: the service may invoke it for anybody"


def senders(plan: Plan) -> Iterator[str]:
    """Only our buckets send events."""
    for one in plan.of("aws_sqs_queue_policy"):
        for statement in _statements(one):
            if statement.get("Effect") == "Allow" and "aws:SourceArn" not in str(statement.get("Condition")):
                yield f"{one.address}: buckets of others may send events"


def lifecycles(plan: Plan) -> Iterator[str]:
    """Large answers are removed from the results."""
    results = {
        _environment(one).get("DARKROOM_RESULTS", "").removeprefix("s3://") for one in plan.of("aws_lambda_function")
    }
    expiring = {
        one.values["bucket"]
        for one in plan.of("aws_s3_bucket_lifecycle_configuration")
        for rule in one.values.get("rule") or []
        if first(rule.get("filter")).get("prefix") == "answers/" and rule.get("expiration")
    }
    for bucket in plan.of("aws_s3_bucket"):
        if bucket.values["bucket"] in results and bucket.values.get("id") not in expiring:
            yield f"{bucket.address}: large answers are kept for ever"


def open_urls(plan: Plan) -> Iterator[str]:
    """What trusts the platform is behind the platform's own check."""
    trusting = {
        one.values["function_name"]
        for one in plan.of("aws_lambda_function")
        if _environment(one).get("DARKROOM_AUTH") not in {"none", "keys"}
    }
    for one in plan.of("aws_lambda_function_url"):
        if one.values.get("authorization_type") != "AWS_IAM" and one.values["function_name"] in trusting:
            yield f"{one.address}: the server trusts the platform, which lets everybody through"
    for one in plan.of("aws_apigatewayv2_route"):
        if one.values.get("authorization_type") == "NONE" and trusting & {
            f"{name}" for name in trusting if name.endswith("-server")
        }:
            yield f"{one.address}: the server trusts the platform, which lets everybody through"


def settings(plan: Plan) -> Iterator[str]:
    """The server would start with its environment."""
    for one in plan.of("aws_lambda_function"):
        yield from setting_problems(one.address, _environment(one))


RULES: tuple[Rule, ...] = (
    public_buckets, broad_roles, dead_letters, partial_failures, instance_caps, deadlines, key_files, identities,
    senders, lifecycles, open_urls, settings,
)  # fmt: skip


def _statements(one: Resource) -> list[dict[str, Any]]:
    return listed(document(one.values.get("policy")).get("Statement"))


def _is_anybody(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    return principal == "*" or (isinstance(principal, dict) and "*" in listed(principal.get("AWS")))


def _broad(one: Resource, statement: dict[str, Any]) -> Iterator[str]:
    actions = [str(action) for action in listed(statement.get("Action"))]
    for action in actions:
        if "*" in action:
            yield f"{one.address}: {action} is too broad a permission"
    if "NotAction" in statement or "NotResource" in statement:
        yield f"{one.address}: permits everything but what it names"
    if "*" in listed(statement.get("Resource")) and not all(_NAMELESS.match(action) for action in actions):
        yield f"{one.address}: {', '.join(actions)} on everything, not on what it is for"


def _sources(plan: Plan) -> list[Resource]:
    """Queues that a function reads."""
    read = {one.values.get("event_source_arn") for one in plan.of("aws_lambda_event_source_mapping")}
    return [one for one in plan.of("aws_sqs_queue") if one.values.get("arn") in read]


def _called(mapping: Resource) -> str:
    return str(mapping.values.get("function_name")).rsplit(":", 1)[-1]


def _environment(one: Resource) -> dict[str, str]:
    return dict(first(one.values.get("environment")).get("variables") or {})


def _writes(statement: dict[str, Any], arn: str | None) -> bool:
    return (
        statement.get("Effect") == "Allow"
        and "s3:PutObject" in listed(statement.get("Action"))
        and f"{arn}/*" in listed(statement.get("Resource"))
    )


def _is_by_url(permission: Resource) -> bool:
    return bool(permission.values.get("function_url_auth_type") or permission.values.get("invoked_via_function_url"))
