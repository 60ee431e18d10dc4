# Starts the sweep (jobs.tf) once a day.

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  count = local.sweeps ? 1 : 0

  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_job.job["sweep"].name
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
    uri         = "https://run.googleapis.com/v2/projects/${var.project}/locations/${var.region}/jobs/${google_cloud_run_v2_job.job["sweep"].name}:run"
    oauth_token {
      service_account_email = google_service_account.scheduler[0].email
      scope                 = "https://www.googleapis.com/auth/cloud-platform"
    }
  }

  depends_on = [google_cloud_run_v2_job_iam_member.scheduler]
}
