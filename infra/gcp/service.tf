resource "google_cloud_run_v2_service" "server" {
  count = local.is_service ? 1 : 0

  project             = var.project
  name                = var.name
  location            = var.region
  description         = "Send a picture and a pipeline, get back a picture."
  ingress             = var.cdn == null ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  deletion_protection = var.deletion_protection
  labels              = local.labels
  custom_audiences    = local.pushes ? [local.events_audience] : null

  template {
    service_account       = google_service_account.server[0].email
    execution_environment = "EXECUTION_ENVIRONMENT_GEN2"
    labels                = local.labels

    # The server gives up by itself, with an error that says so; the platform is only to catch what does not.
    timeout = "${var.request_seconds + 15}s"

    # What computes is queued by the server; what waits for a client's bytes costs nothing.
    max_instance_request_concurrency = 80

    scaling {
      min_instance_count = var.min_instances
      max_instance_count = var.max_instances
    }

    containers {
      image = var.image

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = tostring(var.cpu)
          memory = var.memory
        }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 60
        http_get {
          path = "/ready"
        }
      }

      liveness_probe {
        period_seconds    = 30
        timeout_seconds   = 5
        failure_threshold = 4
        http_get {
          path = "/health"
        }
      }

      dynamic "env" {
        for_each = local.service_settings
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secret_settings
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
        for_each = local.mounts
        content {
          name       = volume_mounts.key
          mount_path = "/config/${volume_mounts.key}"
        }
      }

      volume_mounts {
        name       = "data"
        mount_path = "/data"
      }
    }

    dynamic "volumes" {
      for_each = local.mounts
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

    volumes {
      name = "data"
      gcs {
        bucket    = google_storage_bucket.data.name
        read_only = true
      }
    }
  }

  # Reading its secrets and buckets must be permitted before the first instance starts.
  depends_on = [google_secret_manager_secret_iam_member.reader, google_storage_bucket_iam_member.granted]
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = local.is_service ? local.invokers : {}

  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_service.server[0].name
  role     = "roles/run.invoker"
  member   = each.value
}

locals {
  # Where the server itself asks for keys, or serves everybody, the platform lets everybody through.
  invokers = merge(
    var.auth == "platform" ? { for one in var.invokers : one => one } : { everybody = "allUsers" },
    local.pushes ? { pusher = google_service_account.pusher[0].member } : {},
    var.auth == "platform" ? { uptime = "serviceAccount:${local.monitoring_agent}" } : {},
  )
}
