# What lies in the bucket, through the rules or another pipeline, once somebody starts it. Each task takes its share; one that
# is lost goes on where it was; and what events of uploads make at the same time is made once. See docs/batch.md.

resource "google_cloud_run_v2_job" "batch" {
  count = var.batch == null ? 0 : 1

  project             = var.project
  name                = "${var.name}-batch"
  location            = var.region
  deletion_protection = var.deletion_protection
  labels              = local.labels

  template {
    task_count  = var.batch.tasks
    parallelism = var.batch.at_once
    template {
      service_account       = google_service_account.batcher[0].email
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      max_retries           = 3
      timeout               = "${var.batch.hours * 3600}s"

      containers {
        image   = var.image
        command = ["python", "-m", "functions.jobs.batch"]
        args    = concat(["--from", "gs://${local.uploads}/"], var.batch.args)

        resources {
          limits = {
            cpu    = tostring(var.batch.cpu)
            memory = var.batch.memory
          }
        }

        dynamic "env" {
          for_each = merge(local.storage_settings, var.settings)
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
