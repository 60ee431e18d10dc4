# What is looked at, and who is told. The thresholds are where users notice; docs/operations.md says what to do.

resource "aws_sns_topic" "alarms" {
  count = length(var.alert_emails) > 0 ? 1 : 0

  name = "${var.name}-alarms"
  tags = local.tags
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alert_emails)

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.key
}

locals {
  alarms = merge(
    { for name in local.functions : "${name} errors" => {
      runbook = "operations.md#darkroomerrors"
      title   = "the function ${var.name}-${name} fails", namespace = "AWS/Lambda", metric = "Errors", statistic = "Sum"
      over    = 0, minutes = 5, of = { FunctionName = "${var.name}-${name}" }
    } },
    { for name in local.functions : "${name} throttles" => {
      runbook = "operations.md#darkroomrefusing"
      title   = "${var.name}-${name} has no instance left", namespace = "AWS/Lambda", metric = "Throttles", statistic = "Sum"
      over    = 0, minutes = 5, of = { FunctionName = "${var.name}-${name}" }
    } },
    { for name in local.functions : "${name} latency" => {
      runbook   = "operations.md#darkroomslow"
      title     = "${var.name}-${name} takes longer than half of what it may", namespace = "AWS/Lambda", metric = "Duration"
      statistic = "p95", over = var.request_seconds * 500, minutes = 10, of = { FunctionName = "${var.name}-${name}" }
    } },
    local.has_events ? {
      dead = {
        runbook   = "operations.md#darkroomgaveup"
        title     = "events were given up", namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible"
        statistic = "Maximum", over = 0, minutes = 1, of = { QueueName = "${var.name}-dead" }
      }
      late = {
        runbook   = "operations.md#darkroomeventsretry"
        title     = "an event has waited for an hour", namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage"
        statistic = "Maximum", over = 3600, minutes = 5, of = { QueueName = "${var.name}-events" }
      }
    } : {},
  )

  charts = concat(
    [for name in local.functions : {
      title   = "${var.name}-${name}"
      metrics = [for one in ["Invocations", "Errors", "Throttles", "ConcurrentExecutions"] : ["AWS/Lambda", one, "FunctionName", "${var.name}-${name}"]]
    }],
    [for name in local.functions : {
      title   = "${var.name}-${name}: duration, ms"
      metrics = [for one in ["p50", "p95", "Maximum"] : ["AWS/Lambda", "Duration", "FunctionName", "${var.name}-${name}", { stat = one }]]
    }],
    local.has_events ? [{
      title   = "Events that wait, and that were given up"
      metrics = [for one in ["events", "dead"] : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${var.name}-${one}"]]
    }] : [],
  )
}

resource "aws_cloudwatch_metric_alarm" "alarm" {
  for_each = local.alarms

  alarm_name          = "${var.name}: ${each.key}"
  alarm_description   = "${each.value.title}: what to do is in docs/${each.value.runbook} of Darkroom."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = each.value.minutes * 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = aws_sns_topic.alarms[*].arn
  ok_actions          = aws_sns_topic.alarms[*].arn
  tags                = local.tags
}

resource "aws_cloudwatch_dashboard" "overview" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = [for number, chart in local.charts : {
    type       = "metric", x = number % 2 * 12, y = floor(number / 2) * 6, width = 12, height = 6
    properties = { title = chart.title, region = local.region, period = 60, stat = "Sum", metrics = chart.metrics }
  }] })
}

resource "aws_budgets_budget" "monthly" {
  count = var.budget == null ? 0 : 1

  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.budget)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  dynamic "notification" {
    for_each = [50, 90, 100]
    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      notification_type          = "ACTUAL"
      subscriber_email_addresses = var.alert_emails
    }
  }
}
