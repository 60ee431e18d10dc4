# A role for each function, with what it does and nothing else: named buckets, its own log, its queue.

locals {
  # Finding out that an object does not exist takes the permission to list.
  reads_uploads = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectVersion"], Resource = ["${aws_s3_bucket.uploads.arn}/*"] },
    { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [aws_s3_bucket.uploads.arn] },
  ]
  writes_results = [
    { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"], Resource = ["${aws_s3_bucket.results.arn}/*"] },
    { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [aws_s3_bucket.results.arn] },
  ]
  reads_sources = length(local.read_buckets) == 0 ? [] : [
    { Effect = "Allow", Action = ["s3:GetObject"], Resource = [for one in local.read_buckets : "arn:aws:s3:::${one}/*"] },
    { Effect = "Allow", Action = ["s3:ListBucket"], Resource = [for one in local.read_buckets : "arn:aws:s3:::${one}"] },
  ]
  takes_events = local.has_events ? [{
    Effect   = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"]
    Resource = [aws_sqs_queue.events[0].arn]
  }] : []

  # Interfaces have no names that could be known before: Lambda makes them.
  joins_vpc = var.vpc == null ? [] : [{
    Effect   = "Allow", Action = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface"]
    Resource = ["*"]
  }]

  statements = {
    server = concat(local.reads_uploads, local.writes_results, local.reads_sources, local.joins_vpc)
    events = concat(local.reads_uploads, local.writes_results, local.takes_events, local.joins_vpc)
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name = "${var.name}-${each.key}-${local.region}"
  tags = local.tags
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name = "works"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(local.statements[each.key], [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
    }])
  })
}
