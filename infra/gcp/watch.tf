# What is looked at, and who is told. The thresholds are where users notice; docs/operations.md says what to do.

locals {
  monitoring_agent = "service-${data.google_project.this.number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
  public_host      = var.cdn == null ? try(trimprefix(local.url, "https://"), null) : try(var.cdn.domains[0], null)

  served = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = \"${var.name}\""

  alerts = merge(
    local.has_server ? {
      errors = {
        runbook   = "operations.md#darkroomerrors"
        title     = "more than 1 in 50 requests fail with 5xx"
        filter    = "${local.served} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
        of        = "${local.served} AND metric.type = \"run.googleapis.com/request_count\""
        threshold = 0.02, seconds = 300, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = []
      }
      latency = {
        runbook   = "operations.md#darkroomslow"
        title     = "one request in 20 takes longer than half of what it may"
        filter    = "${local.served} AND metric.type = \"run.googleapis.com/request_latencies\""
        of        = null
        threshold = var.request_seconds * 500, seconds = 600, aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", group = []
      }
      instances = {
        runbook   = "operations.md#darkroombusy"
        title     = "nearly all instances are in use: requests will be refused"
        filter    = "${local.served} AND metric.type = \"run.googleapis.com/container/instance_count\""
        of        = null
        threshold = var.max_instances * 0.9, seconds = 600, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = []
      }
      memory = {
        runbook   = "operations.md#darkroommemory"
        title     = "instances run out of memory"
        filter    = "${local.served} AND metric.type = \"run.googleapis.com/container/memory/utilizations\""
        of        = null
        threshold = 0.92, seconds = 300, aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", group = []
      }
      uptime = {
        runbook   = "operations.md#darkroomdown"
        title     = "/health does not answer"
        filter    = "resource.type = \"uptime_url\" AND metric.type = \"monitoring.googleapis.com/uptime_check/check_passed\" AND metric.labels.check_id = \"${try(google_monitoring_uptime_check_config.health[0].uptime_check_id, "")}\""
        of        = null
        threshold = 1, seconds = 120, aligner = "ALIGN_NEXT_OLDER", reducer = "REDUCE_COUNT_FALSE", group = ["resource.label.host"]
      }
    } : {},
    local.pushes ? {
      dead = {
        runbook   = "operations.md#darkroomgaveup"
        title     = "events were given up"
        filter    = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${var.name}-dead\" AND metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\""
        of        = null
        threshold = 0, seconds = 0, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = []
      }
      late = {
        runbook   = "operations.md#darkroomeventsretry"
        title     = "an event has waited for an hour"
        filter    = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${var.name}-events\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
        of        = null
        threshold = 3600, seconds = 300, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = []
      }
    } : {},
    local.sweeps ? {
      sweep = {
        runbook   = "buckets.md#the-sweep"
        title     = "the sweep failed"
        filter    = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${var.name}-sweep\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
        of        = null
        threshold = 0, seconds = 0, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = []
      }
    } : {},
    var.batch == null ? {} : {
      batch = {
        runbook   = "batch.md#when-a-task-fails"
        title     = "a batch failed"
        filter    = "resource.type = \"cloud_run_job\" AND resource.labels.job_name = \"${var.name}-batch\" AND metric.type = \"run.googleapis.com/job/completed_execution_count\" AND metric.labels.result = \"failed\""
        of        = null
        threshold = 0, seconds = 0, aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = []
      }
    },
  )

  charts = concat(
    local.has_server ? [
      { title = "Requests by status, a second", filter = "${local.served} AND metric.type=\"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["metric.label.response_code_class"] },
      { title = "95 % of requests within, ms", filter = "${local.served} AND metric.type=\"run.googleapis.com/request_latencies\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", group = [] },
      { title = "Instances", filter = "${local.served} AND metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = ["metric.label.state"] },
      { title = "Memory, share", filter = "${local.served} AND metric.type=\"run.googleapis.com/container/memory/utilizations\"", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", group = [] },
    ] : [],
    local.pushes ? [
      { title = "Events that wait", filter = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.name}-events\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = [] },
      { title = "Events given up", filter = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.name}-dead\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = [] },
    ] : [],
  )
}

resource "google_monitoring_notification_channel" "email" {
  for_each = toset(var.alert_emails)

  project      = var.project
  display_name = "Darkroom: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
}

resource "google_monitoring_alert_policy" "alert" {
  for_each = local.alerts

  project               = var.project
  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  notification_channels = [for one in google_monitoring_notification_channel.email : one.id]
  user_labels           = local.labels

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = "${each.value.seconds}s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = each.value.group
      }

      denominator_filter = each.value.of
      dynamic "denominator_aggregations" {
        for_each = each.value.of == null ? [] : [1]
        content {
          alignment_period     = "300s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "What to do about `${each.key}` of ${var.name}: docs/${each.value.runbook} of Darkroom."
  }

  alert_strategy {
    auto_close = "86400s"
  }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_uptime_check_config" "health" {
  count = local.has_server ? 1 : 0

  project      = var.project
  display_name = var.name
  period       = "60s"
  timeout      = "10s"

  http_check {
    path         = "/health"
    port         = 443
    use_ssl      = true
    validate_ssl = true

    dynamic "service_agent_authentication" {
      for_each = var.auth == "platform" ? [1] : []
      content {
        type = "OIDC_TOKEN"
      }
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project
      host       = local.public_host
    }
  }

  depends_on = [google_project_service.needed]
}

resource "google_monitoring_dashboard" "overview" {
  count = length(local.charts) > 0 ? 1 : 0

  project = var.project
  dashboard_json = jsonencode({
    displayName = "Darkroom: ${var.name}"
    mosaicLayout = {
      columns = 12
      tiles = [for number, chart in local.charts : {
        xPos = number % 2 * 6, yPos = floor(number / 2) * 4, width = 6, height = 4
        widget = {
          title = chart.title
          xyChart = { dataSets = [{
            plotType = "LINE"
            timeSeriesQuery = { timeSeriesFilter = {
              filter = chart.filter
              aggregation = {
                alignmentPeriod    = "60s", perSeriesAligner = chart.aligner
                crossSeriesReducer = chart.reducer, groupByFields = chart.group
              }
            } }
          }] }
        }
      }]
    }
  })

  depends_on = [google_project_service.needed]
}

resource "google_billing_budget" "monthly" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "${var.project}: ${var.name}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  dynamic "all_updates_rule" {
    for_each = length(var.alert_emails) > 0 ? [1] : []
    content {
      monitoring_notification_channels = [for one in google_monitoring_notification_channel.email : one.id]
    }
  }

  depends_on = [google_project_service.needed]
}
