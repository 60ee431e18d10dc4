"""Our rules about what the Google Cloud module makes, which no schema knows.

Each takes everything that a run has applied, and says what is wrong, a sentence each.
"""

from collections.abc import Iterator

from tools.terraform.rules import Plan, Rule, first, max_seconds, setting_problems
from tools.terraform.run import Resource

EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_BASIC = {"roles/owner", "roles/editor", "roles/viewer", "roles/browser"}
_ON_PROJECT = {"roles/pubsub.publisher", "roles/eventarc.eventReceiver", "roles/logging.logWriter"}
"""Roles that Eventarc and builds need on the project: narrower grants are not known to them."""
_ON_BUCKETS = {"roles/storage.objectViewer", "roles/storage.objectUser", "roles/storage.objectCreator"}
_LARGEST_CAP = 1000
_KEY_KINDS = ("google_service_account_key", "google_storage_hmac_key")


def public_buckets(plan: Plan) -> Iterator[str]:
    """Nobody but named identities reads a bucket."""
    for bucket in plan.of("google_storage_bucket"):
        if bucket.values.get("public_access_prevention") != "enforced":
            yield f"{bucket.address}: a public bucket: public_access_prevention is not enforced"
        if bucket.values.get("uniform_bucket_level_access") is not True:
            yield f"{bucket.address}: a public bucket: objects may have access lists of their own"
    for one in plan.ending("_acl", "_access_control"):
        yield f"{one.address}: an access list; buckets have uniform access"
    for one in _grants(plan):
        if _members(one) & EVERYBODY and not _lets_through(one):
            yield f"{one.address}: everybody has {one.values.get('role')}"


def broad_roles(plan: Plan) -> Iterator[str]:
    """No basic role, no administrator, and on the project only what is known to need it."""
    for one in plan.ending("_iam_policy", "_iam_binding"):
        yield f"{one.address}: replaces what others have granted; use an iam_member"
    for one in _grants(plan):
        role = str(one.values.get("role"))
        if role in _BASIC or role.lower().endswith("admin"):
            yield f"{one.address}: {role} is too broad a role"
        elif one.kind.startswith(("google_project_iam", "google_folder_iam", "google_organization_iam")):
            if role not in _ON_PROJECT:
                yield f"{one.address}: {role} on the whole project, not on what it is for"
        elif one.kind.startswith("google_storage_bucket_iam") and role not in _ON_BUCKETS:
            yield f"{one.address}: {role} is more than reading or writing objects"


def dead_letters(plan: Plan) -> Iterator[str]:
    """What fails again and again is kept, by those who may move it there."""
    publishes = {one.values["topic"] for one in plan.of("google_pubsub_topic_iam_member") if _is_agent(one)}
    takes = {one.values["subscription"] for one in plan.of("google_pubsub_subscription_iam_member") if _is_agent(one)}
    kept = {one.values.get("topic") for one in plan.of("google_pubsub_subscription")}
    names = {one.values.get("id"): one.values["name"] for one in plan.of("google_pubsub_topic")}
    for one in _pushed(plan):
        topic = first(one.values.get("dead_letter_policy")).get("dead_letter_topic")
        if not topic:
            yield f"{one.address}: no dead letter policy"
            continue
        if topic not in kept:
            yield f"{one.address}: no subscription keeps the dead letters"
        if names.get(topic, topic) not in publishes or one.values["name"] not in takes:
            yield f"{one.address}: Pub/Sub's agent may not move dead letters"


def retries(plan: Plan) -> Iterator[str]:
    """Events that fail are sent again, later and later."""
    for one in _pushed(plan):
        if not first(one.values.get("retry_policy")).get("maximum_backoff"):
            yield f"{one.address}: no retry policy"
    for one in plan.of("google_cloudfunctions2_function"):
        trigger = first(one.values.get("event_trigger"))
        if trigger and trigger.get("retry_policy") != "RETRY_POLICY_RETRY":
            yield f"{one.address}: events that fail are lost: retry_policy is not RETRY_POLICY_RETRY"


def senders(plan: Plan) -> Iterator[str]:
    """Events are sent under a name, and storage may publish them."""
    publishes = {one.values["topic"] for one in plan.of("google_pubsub_topic_iam_member")}
    names = {one.values.get("id"): one.values["name"] for one in plan.of("google_pubsub_topic")}
    for one in _pushed(plan):
        if not first(first(one.values["push_config"]).get("oidc_token")).get("service_account_email"):
            yield f"{one.address}: events are pushed without a token"
    for one in plan.of("google_storage_notification"):
        if names.get(one.values["topic"]) not in publishes:
            yield f"{one.address}: storage may not publish to its topic"


def instance_caps(plan: Plan) -> Iterator[str]:
    """Whatever computes has a most."""
    for one in plan.of("google_cloud_run_v2_service"):
        yield from _cap(one, first(first(one.values.get("template")).get("scaling")).get("max_instance_count"))
    for one in plan.of("google_cloudfunctions2_function"):
        yield from _cap(one, first(one.values.get("service_config")).get("max_instance_count"))


def deadlines(plan: Plan) -> Iterator[str]:
    """Who waits for the server waits longer than it takes at most."""
    limits = {one.address: max_seconds(_environment(one)) for one in _servers(plan)}
    for one in _servers(plan):
        template, config = first(one.values.get("template")), first(one.values.get("service_config"))
        timeout = float(str(template.get("timeout") or config.get("timeout_seconds") or 0).removesuffix("s"))
        if timeout <= limits[one.address]:
            yield f"{one.address}: the platform ends a request before the server does ({timeout:g} s)"
    for one in _pushed(plan):
        seconds, longest = one.values.get("ack_deadline_seconds") or 10, max(limits.values(), default=max_seconds({}))
        if seconds <= longest:
            yield f"{one.address}: an event is sent again after {seconds} s, while it may take {longest:g} s"


def key_files(plan: Plan) -> Iterator[str]:
    """Nobody has a key that could be copied."""
    for one in plan.of(*_KEY_KINDS):
        yield f"{one.address}: a key that can be copied; identities sign by IAM"
    for one in _servers(plan):
        if "GOOGLE_APPLICATION_CREDENTIALS" in {*_environment(one), *_secrets(one)}:
            yield f"{one.address}: GOOGLE_APPLICATION_CREDENTIALS names a key file"


def identities(plan: Plan) -> Iterator[str]:
    """Everything that acts has an identity of its own, and every identity is bound to something."""
    bound = {member for one in _grants(plan) for member in _members(one)}
    accounts = {one.values.get("email") for one in plan.of("google_service_account")}
    for one in plan.of("google_service_account"):
        if not {one.values.get("member"), f"serviceAccount:{one.values.get('email')}"} & bound:
            yield f"{one.address}: an identity that is bound to nothing"
    for one in [*_servers(plan), *plan.of("google_cloud_run_v2_job")]:
        if _account(one) not in accounts:
            yield f"{one.address}: runs under no identity of ours, so under the default one, which may edit the project"
        elif _environment(one).get("DARKROOM_RESULTS", "").startswith("gs://"):
            yield from _reaches(plan, one)


def lifecycles(plan: Plan) -> Iterator[str]:
    """Large answers are removed from the results."""
    results = {_environment(one).get("DARKROOM_RESULTS", "").removeprefix("gs://") for one in _servers(plan)}
    for bucket in plan.of("google_storage_bucket"):
        rules = bucket.values.get("lifecycle_rule") or []
        prefixes = [name for rule in rules for name in first(rule.get("condition")).get("matches_prefix") or []]
        if bucket.values["name"] in results and "answers/" not in prefixes:
            yield f"{bucket.address}: large answers are kept for ever"


def ways_around(plan: Plan) -> Iterator[str]:
    """Behind a load balancer, nothing is reached around it."""
    if plan.of("google_compute_backend_service"):
        for one in plan.of("google_cloud_run_v2_service"):
            if one.values.get("ingress") != "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER":
                yield f"{one.address}: can be reached around the load balancer"


def settings(plan: Plan) -> Iterator[str]:
    """The server would start with its environment."""
    for one in [*_servers(plan), *plan.of("google_cloud_run_v2_job")]:
        yield from setting_problems(one.address, _environment(one), secret=_secrets(one))


RULES: tuple[Rule, ...] = (
    public_buckets, broad_roles, dead_letters, retries, senders, instance_caps, deadlines, key_files, identities,
    lifecycles, ways_around, settings,
)  # fmt: skip


def _grants(plan: Plan) -> list[Resource]:
    return plan.ending("_iam_member", "_iam_binding")


def _members(grant: Resource) -> set[str]:
    return {str(one) for one in [grant.values.get("member"), *(grant.values.get("members") or [])] if one}


def _lets_through(grant: Resource) -> bool:
    """Whether it only lets requests through to the server, which decides by itself."""
    return grant.kind.startswith("google_cloud_run") and grant.values.get("role") == "roles/run.invoker"


def _is_agent(grant: Resource) -> bool:
    return any("@gcp-sa-pubsub.iam.gserviceaccount.com" in member for member in _members(grant))


def _pushed(plan: Plan) -> list[Resource]:
    return [one for one in plan.of("google_pubsub_subscription") if one.values.get("push_config")]


def _cap(one: Resource, most: int | None) -> Iterator[str]:
    if not most or most > _LARGEST_CAP:
        yield f"{one.address}: no cap of instances"


def _servers(plan: Plan) -> list[Resource]:
    return plan.of("google_cloud_run_v2_service", "google_cloudfunctions2_function")


def _containers(one: Resource) -> list[dict[str, object]]:
    template = first(one.values.get("template"))
    found: list[dict[str, object]] = (
        template.get("containers") or first(template.get("template")).get("containers") or []
    )
    return found


def _environment(one: Resource) -> dict[str, str]:
    """Variables whose values are known."""
    config = first(one.values.get("service_config"))
    listed = [env for container in _containers(one) for env in container.get("env") or []]  # type: ignore[attr-defined]
    plain = {env["name"]: env["value"] for env in listed if not env.get("value_source")}
    return {**plain, **(config.get("environment_variables") or {})}


def _secrets(one: Resource) -> list[str]:
    """Names of the variables that secrets give."""
    config = first(one.values.get("service_config"))
    listed = [env for container in _containers(one) for env in container.get("env") or []]  # type: ignore[attr-defined]
    return [env["name"] for env in listed if env.get("value_source")] + [
        env["key"] for env in config.get("secret_environment_variables") or []
    ]


def _account(one: Resource) -> str | None:
    template, config = first(one.values.get("template")), first(one.values.get("service_config"))
    inner = first(template.get("template"))
    found: str | None = (
        template.get("service_account") or inner.get("service_account") or config.get("service_account_email")
    )
    return found


def _reaches(plan: Plan, one: Resource) -> Iterator[str]:
    """Whether it may write its results, in that bucket alone."""
    bucket = _environment(one)["DARKROOM_RESULTS"].removeprefix("gs://").split("/")[0]
    members = {
        account.values.get("member")
        for account in plan.of("google_service_account")
        if account.values.get("email") == _account(one)
    }
    if not any(
        grant.values["bucket"] == bucket
        and grant.values["role"] == "roles/storage.objectUser"
        and _members(grant) & members
        for grant in plan.of("google_storage_bucket_iam_member")
    ):
        yield f"{one.address}: its identity is not bound to the bucket {bucket}"
