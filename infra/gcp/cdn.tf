# A global load balancer with Cloud CDN, which keeps what our answers allow it to and heeds `Vary: Accept`, and Cloud
# Armor, which slows down who asks too often.

locals {
  cdn = var.cdn == null ? toset([]) : toset(["cdn"])
}

resource "google_compute_region_network_endpoint_group" "server" {
  for_each = local.cdn

  project               = var.project
  name                  = var.name
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  # A function's service has the function's name.
  cloud_run {
    service = local.is_service ? google_cloud_run_v2_service.server[0].name : google_cloudfunctions2_function.server[0].name
  }
}

resource "google_compute_security_policy" "armor" {
  for_each = local.cdn

  project     = var.project
  name        = var.name
  description = "Slows down addresses that ask too often."

  rule {
    action      = "throttle"
    priority    = 1000
    description = "At most so many requests a minute from one address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.cdn.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Everybody else"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_compute_backend_service" "server" {
  for_each = local.cdn

  project               = var.project
  name                  = var.name
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.armor["cdn"].id
  enable_cdn            = true

  backend {
    group = google_compute_region_network_endpoint_group.server["cdn"].id
  }

  cdn_policy {
    cache_mode       = "USE_ORIGIN_HEADERS"
    negative_caching = false
    cache_key_policy {
      include_host         = true
      include_protocol     = true
      include_query_string = true
    }
  }

  log_config {
    enable      = true
    sample_rate = 0.1
  }
}

resource "google_compute_url_map" "https" {
  for_each = local.cdn

  project         = var.project
  name            = var.name
  default_service = google_compute_backend_service.server["cdn"].id
}

resource "google_compute_managed_ssl_certificate" "domains" {
  for_each = local.cdn

  project = var.project
  # A certificate cannot change its domains, and the old one is in use until the new one is.
  name = "${var.name}-${substr(sha256(join(" ", var.cdn.domains)), 0, 8)}"

  managed {
    domains = var.cdn.domains
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.needed]
}

resource "google_compute_ssl_policy" "modern" {
  for_each = local.cdn

  project         = var.project
  name            = var.name
  profile         = "MODERN"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.needed]
}

resource "google_compute_target_https_proxy" "https" {
  for_each = local.cdn

  project          = var.project
  name             = var.name
  url_map          = google_compute_url_map.https["cdn"].id
  ssl_certificates = [google_compute_managed_ssl_certificate.domains["cdn"].id]
  ssl_policy       = google_compute_ssl_policy.modern["cdn"].id
}

resource "google_compute_global_address" "public" {
  for_each = local.cdn

  project = var.project
  name    = var.name

  depends_on = [google_project_service.needed]
}

resource "google_compute_global_forwarding_rule" "https" {
  for_each = local.cdn

  project               = var.project
  name                  = "${var.name}-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public["cdn"].address
  port_range            = "443"
  target                = google_compute_target_https_proxy.https["cdn"].id
}

# Plain HTTP is sent on to HTTPS.
resource "google_compute_url_map" "http" {
  for_each = local.cdn

  project = var.project
  name    = "${var.name}-http"

  default_url_redirect {
    https_redirect         = true
    strip_query            = false
    redirect_response_code = "PERMANENT_REDIRECT"
  }

  depends_on = [google_project_service.needed]
}

resource "google_compute_target_http_proxy" "http" {
  for_each = local.cdn

  project = var.project
  name    = "${var.name}-http"
  url_map = google_compute_url_map.http["cdn"].id
}

resource "google_compute_global_forwarding_rule" "http" {
  for_each = local.cdn

  project               = var.project
  name                  = "${var.name}-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.public["cdn"].address
  port_range            = "80"
  target                = google_compute_target_http_proxy.http["cdn"].id
}
