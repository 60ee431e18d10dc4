# Once a day: outputs whose source is gone, because a delete event was lost. See docs/buckets.md.

resource "google_cloud_run_v2_job" "sweep" {
  count = local.sweeps ? 1 : 0

  project             = var.project
  name                = "${var.name}-sweep"
  location            = var.region
  deletion_protection = var.deletion_protection
  labels              = local.labels

  template {
    task_count = 1
    template {
      service_account       = google_service_account.sweeper[0].email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      max_retries           = 1
      timeout               = "3600s"

      containers {
        image   = var.image
        command = ["python", "-m", "functions.jobs.sweep"]
        args    = ["--apply"]

        resources {
          limits = {
            cpu    = "1"
            memory = "1Gi"
          }
        }

        dynamic "env" {
          for_each = local.storage_settings
          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = { for name, secret in local.secret_settings : name => secret if name == "DARKROOM_MONGO" }
          content {
            name = env.key
            value_source {
              secret_key_ref {
                secret  = env.value
                version = "latest"
              }
            }
          }
        }

        dynamic "volume_mounts" {
          for_each = local.text_mounts
          content {
            name       = volume_mounts.key
            mount_path = "/config/${volume_mounts.key}"
          }
        }
      }

      dynamic "volumes" {
        for_each = local.text_mounts
        content {
          name = volumes.key
          secret {
            secret = volumes.value.secret
            items {
              version = volumes.value.version
              path    = volumes.value.file
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.reader, google_storage_bucket_iam_member.granted]
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  count = local.sweeps ? 1 : 0

  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_job.sweep[0].name
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler[0].member
}

resource "google_cloud_scheduler_job" "sweep" {
  count = local.sweeps ? 1 : 0

  project     = var.project
  region      = var.region
  name        = "${var.name}-sweep"
  description = "Removes outputs whose source is gone."
  schedule    = "17 3 * * *"
  time_zone   = "Etc/UTC"

  retry_config {
    retry_count = 3
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project}/locations/${var.region}/jobs/${google_cloud_run_v2_job.sweep[0].name}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler[0].email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
