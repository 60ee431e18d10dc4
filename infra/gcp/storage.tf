locals {
  uploads = "${var.project}-${var.name}-uploads"
  results = "${var.project}-${var.name}-results"
  data    = "${var.project}-${var.name}-data"
}

# What people and programs put in: each object is an event.
resource "google_storage_bucket" "uploads" {
  project                     = var.project
  name                        = local.uploads
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  labels                      = local.labels

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.needed]
}

# The server's own: stored pictures, renders, outputs of rules, records of failures.
resource "google_storage_bucket" "results" {
  project                     = var.project
  name                        = local.results
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  labels                      = local.labels

  # What is deleted is mostly what can be made again: renders and large answers.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # Answers too large for the platform: their URLs are valid for 15 minutes.
  lifecycle_rule {
    condition {
      age            = 1
      matches_prefix = ["answers/"]
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age            = var.keep_days
      matches_prefix = ["renders/"]
    }
    action {
      type = "Delete"
    }
  }

  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  # Pages upload to signed URLs with exactly these headers.
  dynamic "cors" {
    for_each = length(var.cors_origins) > 0 ? [1] : []
    content {
      origin          = var.cors_origins
      method          = ["PUT", "GET", "HEAD"]
      response_header = ["Content-Type", "x-goog-content-length-range", "x-goog-if-generation-match"]
      max_age_seconds = 3600
    }
  }

  depends_on = [google_project_service.needed]
}

# What the operator provides: weights of models under weights/, and the source of functions.
resource "google_storage_bucket" "data" {
  project                     = var.project
  name                        = local.data
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection
  labels                      = local.labels

  versioning {
    enabled = true
  }

  lifecycle_rule {
    condition {
      num_newer_versions = 3
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_artifact_registry_repository" "images" {
  project       = var.project
  location      = var.region
  repository_id = var.name
  format        = "DOCKER"
  description   = "Images of Darkroom"
  labels        = local.labels

  # A tag that has been deployed stays what it was.
  docker_config {
    immutable_tags = true
  }

  cleanup_policy_dry_run = false
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "7776000s"
    }
  }

  depends_on = [google_project_service.needed]
}
