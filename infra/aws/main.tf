# What the other files share: names, and the settings that the functions' environments are made of.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

# Lambda reads no secrets by itself, so their values become variables of the functions, which it encrypts.
data "aws_secretsmanager_secret_version" "setting" {
  for_each = local.secrets

  secret_id = each.value
}

locals {
  tags    = merge({ app = var.name }, var.tags)
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.id

  uploads = "${var.name}-${local.account}-uploads"
  results = "${var.name}-${local.account}-results"

  has_server = var.server != "none"
  has_url    = var.server == "function_url"
  has_api    = var.server == "http_api"
  has_events = var.rules_file != null

  functions = toset(concat(local.has_server ? ["server"] : [], local.has_events ? ["events"] : []))

  # The server gives up by itself, with an error that says so; the platform is only to catch what does not.
  timeout = var.request_seconds + (local.has_api ? 4 : 15)

  read_buckets = toset([for one in var.sources : regex("^s3://([a-z0-9.-]+)", one)[0] if startswith(one, "s3://")])

  secrets = merge(
    var.signing_key_secret == null ? {} : { DARKROOM_SIGNING_KEY = var.signing_key_secret },
    var.mongo_secret == null ? {} : { DARKROOM_MONGO = var.mongo_secret },
  )
  secret_settings = { for name, one in data.aws_secretsmanager_secret_version.setting : name => one.secret_string }

  common_settings = merge(
    {
      DARKROOM_RESULTS        = "s3://${local.results}"
      DARKROOM_S3_REGION      = local.region
      DARKROOM_CATALOG        = var.mongo_secret == null ? "none" : "mongo"
      DARKROOM_MAX_SECONDS    = tostring(var.request_seconds)
      DARKROOM_EVENT_ATTEMPTS = tostring(var.event_attempts)
      # Nothing else is writable in a function.
      DARKROOM_DATA = "/tmp/darkroom"
    },
    var.settings,
  )

  settings = {
    server = merge(
      local.common_settings,
      {
        DARKROOM_AUTH    = var.auth
        DARKROOM_SOURCES = join(" ", concat(["s3://${local.uploads}/"], var.sources))
      },
      var.auth == "keys" ? { DARKROOM_KEYS = var.keys } : {},
      length(var.cors_origins) > 0 ? { DARKROOM_CORS_ORIGINS = join(" ", var.cors_origins) } : {},
      local.secret_settings,
    )
    # Only the queue calls it.
    events = merge(
      local.common_settings,
      { DARKROOM_AUTH = "platform" },
      local.has_events ? { DARKROOM_RULES = var.rules_file } : {},
      { for name, value in local.secret_settings : name => value if name == "DARKROOM_MONGO" },
    )
  }

  # Settings with a variable of their own, or that follow from others.
  reserved = [
    "DARKROOM_AUTH", "DARKROOM_CATALOG", "DARKROOM_CORS_ORIGINS", "DARKROOM_DATA", "DARKROOM_EVENT_ATTEMPTS",
    "DARKROOM_KEYS", "DARKROOM_MAX_SECONDS", "DARKROOM_MONGO", "DARKROOM_RESULTS", "DARKROOM_RULES",
    "DARKROOM_S3_REGION", "DARKROOM_SIGNING_KEY", "DARKROOM_SOURCES",
  ]
}
