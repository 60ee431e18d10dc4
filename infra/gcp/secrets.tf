# Rules, presets and models are no secrets; they are here because every platform mounts secrets as files.

resource "google_secret_manager_secret" "text" {
  for_each = toset(keys(local.texts))

  project   = var.project
  secret_id = "${var.name}-${each.key}"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_version" "text" {
  for_each = toset(keys(local.texts))

  secret      = google_secret_manager_secret.text[each.key].id
  secret_data = local.texts[each.key]
}

resource "google_secret_manager_secret" "keys" {
  count = var.auth == "keys" ? 1 : 0

  project   = var.project
  secret_id = "${var.name}-keys"
  labels    = local.labels

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_secret_manager_secret_version" "keys" {
  count = var.auth == "keys" ? 1 : 0

  secret      = google_secret_manager_secret.keys[0].id
  secret_data = var.keys
}

locals {
  # Each identity reads the secrets that it mounts, and no other.
  secret_readers = merge(
    local.has_server ? { for name in keys(local.texts) : "server reads ${name}" => {
      secret = "${var.name}-${name}", member = local.server
    } } : {},
    local.has_server && var.auth == "keys" ? { "server reads keys" = {
      secret = "${var.name}-keys", member = local.server
    } } : {},
    local.has_server ? { for setting, secret in local.secret_settings : "server reads ${setting}" => {
      secret = secret, member = local.server
    } } : {},
    local.eventarc ? { for name in keys(local.texts) : "events reads ${name}" => {
      secret = "${var.name}-${name}", member = local.events_as
    } } : {},
    local.eventarc && var.mongo_secret != null ? { "events reads DARKROOM_MONGO" = {
      secret = var.mongo_secret, member = local.events_as
    } } : {},
    local.sweeps ? { for name in keys(local.texts) : "sweeper reads ${name}" => {
      secret = "${var.name}-${name}", member = local.sweeper
    } } : {},
    local.sweeps && var.mongo_secret != null ? { "sweeper reads DARKROOM_MONGO" = {
      secret = var.mongo_secret, member = local.sweeper
    } } : {},
    var.batch == null ? {} : { for name in keys(local.texts) : "batcher reads ${name}" => {
      secret = "${var.name}-${name}", member = local.batcher
    } },
    var.batch != null && var.mongo_secret != null ? { "batcher reads DARKROOM_MONGO" = {
      secret = var.mongo_secret, member = local.batcher
    } } : {},
  )
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each = local.secret_readers

  project   = var.project
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = each.value.member

  depends_on = [google_secret_manager_secret.text, google_secret_manager_secret.keys]
}
