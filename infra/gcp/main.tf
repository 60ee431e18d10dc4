# What the other files share: names, the server's address, and the settings that its environment is made of.

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "needed" {
  for_each = local.apis

  project            = var.project
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

locals {
  labels = merge({ app = var.name }, var.labels)

  pushes     = var.events == "push"
  eventarc   = var.events == "eventarc"
  has_events = var.events != "none"
  sweeps     = var.sweep && var.events != "none"
  is_service = var.server == "service"
  is_func    = var.server == "function"
  has_server = var.server != "none"

  apis = toset(concat(
    ["storage", "secretmanager", "iam", "iamcredentials", "artifactregistry", "run", "monitoring"],
    local.has_events ? ["pubsub"] : [],
    local.eventarc ? ["eventarc"] : [],
    local.is_func || local.eventarc ? ["cloudfunctions", "cloudbuild"] : [],
    local.sweeps ? ["cloudscheduler"] : [],
    var.cdn != null ? ["compute"] : [],
    var.budget != null ? ["billingbudgets"] : [],
  ))

  # A service cannot know its own URL while it is made, so events are for an audience of this name.
  events_audience = "${var.name}-events"
  pubsub_agent    = "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  # Both are one, or none.
  url = one(concat(google_cloud_run_v2_service.server[*].uri, google_cloudfunctions2_function.server[*].url))

  rules = local.has_events ? (
    var.rules == null
    ? templatefile("${path.module}/rules.toml.tftpl", { uploads = local.uploads, results = local.results })
    : templatestring(var.rules, { uploads = local.uploads, results = local.results })
  ) : null

  # Text that the server reads as files: mounted secrets, so that a change is a new version and a new revision.
  texts = { for name, text in {
    rules   = local.rules
    presets = var.presets
    models  = var.models
  } : name => text if text != null }

  read_buckets = toset([for one in var.sources : regex("^gs://([a-z0-9._-]+)", one)[0] if startswith(one, "gs://")])

  # What the server, the functions and the sweep have in common.
  storage_settings = merge(
    {
      DARKROOM_RESULTS    = "gs://${local.results}"
      DARKROOM_GS_PROJECT = var.project
      DARKROOM_CATALOG    = var.mongo_secret == null ? "none" : "mongo"
    },
    { for name, text in local.texts : "DARKROOM_${upper(name)}" => "/config/${name}/${name}.toml" },
  )

  server_settings = merge(
    local.storage_settings,
    {
      DARKROOM_AUTH           = var.auth
      DARKROOM_SOURCES        = join(" ", concat(["gs://${local.uploads}/"], var.sources))
      DARKROOM_MAX_SECONDS    = tostring(var.request_seconds)
      DARKROOM_EVENT_ATTEMPTS = tostring(var.event_attempts)
    },
    local.pushes ? {
      DARKROOM_EVENTS_AUTH     = "oidc"
      DARKROOM_EVENTS_AUDIENCE = local.events_audience
      DARKROOM_EVENTS_ACCOUNTS = google_service_account.pusher[0].email
    } : {},
    var.auth == "keys" ? { DARKROOM_KEYS = "/config/keys/keys.json" } : {},
    length(var.warm) > 0 ? { DARKROOM_WARM = join(" ", var.warm) } : {},
    length(var.cors_origins) > 0 ? { DARKROOM_CORS_ORIGINS = join(" ", var.cors_origins) } : {},
    var.settings,
  )

  # A function mounts no bucket, so only the service finds weights there.
  service_settings = merge(local.server_settings, { DARKROOM_MODELS_FROM = "/data/weights" })

  secret_settings = merge(
    var.signing_key_secret == null ? {} : { DARKROOM_SIGNING_KEY = var.signing_key_secret },
    var.mongo_secret == null ? {} : { DARKROOM_MONGO = var.mongo_secret },
  )

  # Secret: (path of its folder, name of the file). Keys are read anew as they change, so a revoked one ends within 30 s.
  mounts = merge(
    { for name in keys(local.texts) : name => {
      secret  = google_secret_manager_secret.text[name].secret_id, file = "${name}.toml"
      version = google_secret_manager_secret_version.text[name].version
    } },
    var.auth == "keys" ? { keys = {
      secret = google_secret_manager_secret.keys[0].secret_id, file = "keys.json", version = "latest"
    } } : {},
  )
  text_mounts = { for name, one in local.mounts : name => one if name != "keys" }

  # Settings with a variable of their own, or that follow from others.
  reserved = [
    "DARKROOM_AUTH", "DARKROOM_CATALOG", "DARKROOM_CORS_ORIGINS", "DARKROOM_EVENTS_ACCOUNTS",
    "DARKROOM_EVENTS_AUDIENCE", "DARKROOM_EVENTS_AUTH", "DARKROOM_EVENT_ATTEMPTS", "DARKROOM_GS_PROJECT",
    "DARKROOM_KEYS", "DARKROOM_MAX_SECONDS", "DARKROOM_MODELS", "DARKROOM_MODELS_FROM", "DARKROOM_MONGO",
    "DARKROOM_PRESETS", "DARKROOM_RESULTS", "DARKROOM_RULES", "DARKROOM_SIGNING_KEY", "DARKROOM_SOURCES",
    "DARKROOM_WARM",
  ]
}
