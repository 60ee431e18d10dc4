# What runs from the server's image and ends: the sweep, once a day (sweep.tf), and a batch, when somebody starts it.

locals {
  jobs = merge(
    # Outputs whose source is gone, because a delete event was lost. See docs/buckets.md.
    local.sweeps ? { sweep = {
      account  = google_service_account.sweeper[0].email
      command  = ["python", "-m", "functions.jobs.sweep"]
      args     = ["--apply"]
      settings = local.storage_settings
      tasks    = 1
      at_once  = null
      retries  = 1
      hours    = 1
      cpu      = 1
      memory   = "1Gi"
    } } : {},

    # What lies in the bucket, through the rules or another pipeline. Each task takes its share; one that is lost goes on
    # where it was; and what events of uploads make at the same time is made once. See docs/batch.md.
    var.batch == null ? {} : { batch = {
      account  = google_service_account.batcher[0].email
      command  = ["python", "-m", "functions.jobs.batch"]
      args     = concat(["--from", "gs://${local.uploads}/"], var.batch.args)
      settings = merge(local.storage_settings, var.settings)
      tasks    = var.batch.tasks
      at_once  = var.batch.at_once
      retries  = 3
      hours    = var.batch.hours
      cpu      = var.batch.cpu
      memory   = var.batch.memory
    } },
  )
}

resource "google_cloud_run_v2_job" "job" {
  for_each = local.jobs

  project             = var.project
  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = var.deletion_protection
  labels              = local.labels

  template {
    task_count  = each.value.tasks
    parallelism = each.value.at_once
    template {
      service_account       = each.value.account
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
      max_retries           = each.value.retries
      timeout               = "${each.value.hours * 3600}s"

      containers {
        image   = var.image
        command = each.value.command
        args    = each.value.args

        resources {
          limits = {
            cpu    = tostring(each.value.cpu)
            memory = each.value.memory
          }
        }

        dynamic "env" {
          for_each = each.value.settings
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
