# An object is put into the uploads bucket, and the rules make its outputs: by a push subscription to /events, or by
# functions that Eventarc calls. Stored pictures that were uploaded to signed URLs reach the catalog the same way.

locals {
  kinds = toset(["finalized", "deleted", "archived"])

  notified = local.pushes ? {
    uploads = { bucket = google_storage_bucket.uploads.name, prefix = null }
    images  = { bucket = google_storage_bucket.results.name, prefix = "images/" }
  } : {}
}

data "google_storage_project_service_account" "agent" {
  count = local.has_events ? 1 : 0

  project = var.project
}

resource "google_pubsub_topic" "objects" {
  count = local.pushes ? 1 : 0

  project = var.project
  name    = "${var.name}-objects"
  labels  = local.labels

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.needed]
}

resource "google_pubsub_topic_iam_member" "storage_publishes" {
  count = local.pushes ? 1 : 0

  project = var.project
  topic   = google_pubsub_topic.objects[0].name
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.agent[0].member
}

resource "google_storage_notification" "objects" {
  for_each = local.notified

  bucket             = each.value.bucket
  object_name_prefix = each.value.prefix
  payload_format     = "JSON_API_V1"
  topic              = google_pubsub_topic.objects[0].id
  event_types        = ["OBJECT_FINALIZE", "OBJECT_DELETE", "OBJECT_ARCHIVE"]

  depends_on = [google_pubsub_topic_iam_member.storage_publishes]
}

# What fails again and again ends here, and is kept for a month to be looked at.
resource "google_pubsub_topic" "dead" {
  count = local.pushes ? 1 : 0

  project = var.project
  name    = "${var.name}-dead"
  labels  = local.labels

  depends_on = [google_project_service.needed]
}

# Without a subscription, what is published to a topic is lost.
resource "google_pubsub_subscription" "dead" {
  count = local.pushes ? 1 : 0

  project                    = var.project
  name                       = "${var.name}-dead"
  topic                      = google_pubsub_topic.dead[0].id
  message_retention_duration = "2678400s"
  ack_deadline_seconds       = 60
  labels                     = local.labels

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription" "events" {
  count = local.pushes ? 1 : 0

  project = var.project
  name    = "${var.name}-events"
  topic   = google_pubsub_topic.objects[0].id
  labels  = local.labels

  # Longer than the server takes at most, or events that are still being processed would be sent again.
  ack_deadline_seconds       = var.request_seconds + 30
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = "${local.url}/events"
    oidc_token {
      service_account_email = google_service_account.pusher[0].email
      audience              = local.events_audience
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[0].id
    max_delivery_attempts = var.event_attempts + 5
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_pubsub_topic_iam_member.dead_letters, google_service_account_iam_member.pubsub_signs]
}

# Pub/Sub's own agent moves messages from the subscription to the dead-letter topic, and signs tokens as the pusher.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  count = local.pushes ? 1 : 0

  project = var.project
  topic   = google_pubsub_topic.dead[0].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${local.pubsub_agent}"
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  count = local.pushes ? 1 : 0

  project      = var.project
  subscription = google_pubsub_subscription.events[0].name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${local.pubsub_agent}"
}

resource "google_service_account_iam_member" "pubsub_signs" {
  count = local.pushes ? 1 : 0

  service_account_id = google_service_account.pusher[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:${local.pubsub_agent}"
}

# --- Eventarc: one function for each kind of event, because a trigger has one ---

# Eventarc has a topic of its own, which the storage's agent finds only with the role on the project.
resource "google_project_iam_member" "storage_publishes" {
  count = local.eventarc ? 1 : 0

  project = var.project
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.agent[0].member
}

resource "google_project_iam_member" "receives" {
  count = local.eventarc ? 1 : 0

  project = var.project
  role    = "roles/eventarc.eventReceiver"
  member  = local.events_as
}

resource "google_cloudfunctions2_function" "events" {
  for_each = local.eventarc ? local.kinds : toset([])

  project     = var.project
  name        = "${var.name}-${each.key}"
  location    = var.region
  description = "Processes objects of the uploads bucket that were ${each.key}."
  labels      = local.labels

  build_config {
    runtime           = "python313"
    entry_point       = "on_object"
    service_account   = google_service_account.builder[0].id
    docker_repository = google_artifact_registry_repository.images.id
    source {
      storage_source {
        bucket = google_storage_bucket.data.name
        object = google_storage_bucket_object.source[0].name
      }
    }
  }

  event_trigger {
    trigger_region        = var.region
    event_type            = "google.cloud.storage.object.v1.${each.key}"
    retry_policy          = "RETRY_POLICY_RETRY"
    service_account_email = google_service_account.events[0].email
    event_filters {
      attribute = "bucket"
      value     = google_storage_bucket.uploads.name
    }
  }

  service_config {
    service_account_email = google_service_account.events[0].email
    ingress_settings      = "ALLOW_INTERNAL_ONLY"
    timeout_seconds       = var.request_seconds + 30
    available_cpu         = tostring(var.cpu)
    available_memory      = var.memory
    min_instance_count    = 0
    max_instance_count    = var.max_instances

    # Only Eventarc may call it.
    environment_variables = merge(local.storage_settings, {
      DARKROOM_AUTH           = "platform"
      DARKROOM_MAX_SECONDS    = tostring(var.request_seconds)
      DARKROOM_EVENT_ATTEMPTS = tostring(var.event_attempts)
    }, var.settings)

    dynamic "secret_environment_variables" {
      for_each = { for name, secret in local.secret_settings : name => secret if name == "DARKROOM_MONGO" }
      content {
        key        = secret_environment_variables.key
        project_id = var.project
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }

    dynamic "secret_volumes" {
      for_each = local.text_mounts
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
    google_project_iam_member.storage_publishes, google_project_iam_member.receives,
    google_secret_manager_secret_iam_member.reader, google_storage_bucket_iam_member.granted,
    google_storage_bucket_iam_member.builder, google_artifact_registry_repository_iam_member.builder,
    google_project_iam_member.builder_logs,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "eventarc" {
  for_each = local.eventarc ? local.kinds : toset([])

  project  = var.project
  location = var.region
  name     = google_cloudfunctions2_function.events[each.key].name
  role     = "roles/run.invoker"
  member   = local.events_as
}
