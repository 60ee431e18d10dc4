# One identity for each thing that acts, and each bound to what it is named for: nobody has a role on the whole project
# but where a platform knows no narrower one. None has a key file: what must sign does so by IAM's signBlob.

resource "google_service_account" "server" {
  count = local.has_server ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-server"
  display_name = "Darkroom: answers requests"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "pusher" {
  count = local.pushes ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-pusher"
  display_name = "Darkroom: the name under which Pub/Sub sends events"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "events" {
  count = local.eventarc ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-events"
  display_name = "Darkroom: processes events as a function"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "sweeper" {
  count = local.sweeps ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-sweeper"
  display_name = "Darkroom: removes outputs without a source"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "batcher" {
  count = var.batch == null ? 0 : 1

  project      = var.project
  account_id   = "${var.name}-batcher"
  display_name = "Darkroom: processes what lies in the bucket"
  depends_on   = [google_project_service.needed]
}

resource "google_service_account" "scheduler" {
  count = local.sweeps ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-clock"
  display_name = "Darkroom: starts the sweep"
  depends_on   = [google_project_service.needed]
}

locals {
  server    = one(google_service_account.server[*].member)
  events_as = one(google_service_account.events[*].member)
  sweeper   = one(google_service_account.sweeper[*].member)
  batcher   = one(google_service_account.batcher[*].member)

  # Bucket and role by what acts. The keys are known before anything is made.
  grants = merge(
    local.has_server ? {
      "server reads uploads"  = { bucket = local.uploads, role = "roles/storage.objectViewer", member = local.server }
      "server writes results" = { bucket = local.results, role = "roles/storage.objectUser", member = local.server }
    } : {},
    local.is_service ? {
      "server reads data" = { bucket = local.data, role = "roles/storage.objectViewer", member = local.server }
    } : {},
    local.has_server ? { for bucket in local.read_buckets : "server reads ${bucket}" => {
      bucket = bucket, role = "roles/storage.objectViewer", member = local.server
    } } : {},
    local.eventarc ? {
      "events reads uploads"  = { bucket = local.uploads, role = "roles/storage.objectViewer", member = local.events_as }
      "events writes results" = { bucket = local.results, role = "roles/storage.objectUser", member = local.events_as }
    } : {},
    local.sweeps ? {
      "sweeper reads uploads"  = { bucket = local.uploads, role = "roles/storage.objectViewer", member = local.sweeper }
      "sweeper writes results" = { bucket = local.results, role = "roles/storage.objectUser", member = local.sweeper }
    } : {},
    var.batch == null ? {} : {
      "batcher reads uploads"  = { bucket = local.uploads, role = "roles/storage.objectViewer", member = local.batcher }
      "batcher writes results" = { bucket = local.results, role = "roles/storage.objectUser", member = local.batcher }
    },
    var.batch == null ? {} : { for bucket in local.read_buckets : "batcher reads ${bucket}" => {
      bucket = bucket, role = "roles/storage.objectViewer", member = local.batcher
    } },
  )
}

resource "google_storage_bucket_iam_member" "granted" {
  for_each = local.grants

  bucket = each.value.bucket
  role   = each.value.role
  member = each.value.member

  depends_on = [google_storage_bucket.uploads, google_storage_bucket.results, google_storage_bucket.data]
}

# Signed URLs of uploads and of large answers: the account signs as itself, through IAM.
resource "google_service_account_iam_member" "server_signs" {
  count = local.has_server ? 1 : 0

  service_account_id = google_service_account.server[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.server
}
