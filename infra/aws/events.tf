# An object is put into the uploads bucket, and the rules make its outputs: S3 tells the queue, the queue calls the
# function, and of a batch only what failed comes back. Pictures that were uploaded to signed URLs reach the catalog the
# same way.

resource "aws_sqs_queue" "dead" {
  count = local.has_events ? 1 : 0

  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags
}

resource "aws_sqs_queue" "events" {
  count = local.has_events ? 1 : 0

  name = "${var.name}-events"
  # Six times the function's limit, as Lambda asks for: a batch is retried while it is still invisible.
  visibility_timeout_seconds = 6 * local.timeout
  message_retention_seconds  = 604800
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  tags                       = local.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[0].arn
    maxReceiveCount     = var.event_attempts + 5
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  count = local.has_events ? 1 : 0

  queue_url = aws_sqs_queue.dead[0].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events[0].arn]
  })
}

resource "aws_sqs_queue_policy" "events" {
  count = local.has_events ? 1 : 0

  queue_url = aws_sqs_queue.events[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OurBucketsSend"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events[0].arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = [aws_s3_bucket.uploads.arn, aws_s3_bucket.results.arn] }
        StringEquals = { "aws:SourceAccount" = local.account }
      }
    }]
  })
}

resource "aws_s3_bucket_notification" "uploads" {
  count = local.has_events ? 1 : 0

  bucket = aws_s3_bucket.uploads.id
  queue {
    queue_arn = aws_sqs_queue.events[0].arn
    events    = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
  }

  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_s3_bucket_notification" "results" {
  count = local.has_events ? 1 : 0

  bucket = aws_s3_bucket.results.id
  queue {
    queue_arn     = aws_sqs_queue.events[0].arn
    events        = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
    filter_prefix = "images/"
  }

  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_lambda_event_source_mapping" "events" {
  count = local.has_events ? 1 : 0

  event_source_arn        = aws_sqs_queue.events[0].arn
  function_name           = aws_lambda_function.function["events"].function_name
  function_response_types = ["ReportBatchItemFailures"]

  # A batch shares one limit of time, so it is one event unless events are quick.
  batch_size = 1

  # Below the function's own cap, or the queue would be told to wait, and count that as an attempt.
  scaling_config {
    maximum_concurrency = var.max_instances
  }
}
