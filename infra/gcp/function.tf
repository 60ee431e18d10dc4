# The same source as functions: instead of the service (server = "function"), and for events (events = "eventarc").

resource "google_storage_bucket_object" "source" {
  count = var.source_archive == null ? 0 : 1

  bucket = google_storage_bucket.data.name
  name   = "source/${filesha256(var.source_archive)}.zip"
  source = var.source_archive
}

# Builds have an identity of their own: the default one may edit the whole project.
resource "google_service_account" "builder" {
  count = local.is_func || local.eventarc ? 1 : 0

  project      = var.project
  account_id   = "${var.name}-builder"
  display_name = "Darkroom: builds the functions"
  depends_on   = [google_project_service.needed]
}

resource "google_storage_bucket_iam_member" "builder" {
  count = local.is_func || local.eventarc ? 1 : 0

  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder[0].member
}

resource "google_artifact_registry_repository_iam_member" "builder" {
  count = local.is_func || local.eventarc ? 1 : 0

  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder[0].member
}

resource "google_project_iam_member" "builder_logs" {
  count = local.is_func || local.eventarc ? 1 : 0

  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder[0].member
}

resource "google_cloudfunctions2_function" "server" {
  count = local.is_func ? 1 : 0

  project     = var.project
  name        = var.name
  location    = var.region
  description = "Send a picture and a pipeline, get back a picture."
  labels      = local.labels

  build_config {
    runtime           = "python313"
    entry_point       = "handle"
    service_account   = google_service_account.builder[0].id
    docker_repository = google_artifact_registry_repository.images.id
    source {
      storage_source {
        bucket = google_storage_bucket.data.name
        object = google_storage_bucket_object.source[0].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.server[0].email
    ingress_settings                 = var.cdn == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_AND_GCLB"
    timeout_seconds                  = var.request_seconds + 15
    available_cpu                    = tostring(var.cpu)
    available_memory                 = var.memory
    min_instance_count               = var.min_instances
    max_instance_count               = var.max_instances
    max_instance_request_concurrency = 80

    # docs/deploy.md: functions-framework gives each connection a thread.
    environment_variables = merge(local.server_settings, { THREADS = tostring(32 * var.cpu) })

    dynamic "secret_environment_variables" {
      for_each = local.secret_settings
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }

    dynamic "secret_volumes" {
      for_each = local.mounts
      content {
        mount_path = "/config/${secret_volumes.key}"
        project_id = var.project
        secret     = secret_volumes.value.secret
        versions {
          version = secret_volumes.value.version
          path    = secret_volumes.value.file
        }
      }
    }
  }

  depends_on = [
    google_secret_manager_secret_iam_member.reader, google_storage_bucket_iam_member.granted,
    google_storage_bucket_iam_member.builder, google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_logs,
  ]
}

# A function's invokers are those of the service beneath it, which has its name.
resource "google_cloud_run_v2_service_iam_member" "function_invoker" {
  for_each = local.is_func ? local.invokers : {}

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.server[0].name
  role     = "roles/run.invoker"
  member   = each.value
}
