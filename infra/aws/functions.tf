# The same image twice: what answers requests, and what processes events, each with its own limits and permissions.

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.keep_days
  tags              = local.tags
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name = "${var.name}-${each.key}"
  description   = each.key == "server" ? "Send a picture and a pipeline, get back a picture." : "Processes objects of the uploads bucket by the rules."
  role          = aws_iam_role.function[each.key].arn
  package_type  = "Image"
  image_uri     = var.image
  architectures = [var.architecture]
  memory_size   = var.memory
  timeout       = local.timeout
  tags          = local.tags

  reserved_concurrent_executions = var.max_instances

  image_config {
    entry_point = ["python", "-m", "awslambdaric"]
    command     = ["main.on_lambda"]
  }

  ephemeral_storage {
    size = 1024
  }

  environment {
    variables = local.settings[each.key]
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  tracing_config {
    mode = "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnets
      security_group_ids = vpc_config.value.security_groups
    }
  }

  depends_on = [aws_iam_role_policy.function]
}

# --- a URL of its own ---

resource "aws_lambda_function_url" "server" {
  count = local.has_url ? 1 : 0

  function_name      = aws_lambda_function.function["server"].function_name
  authorization_type = var.auth == "platform" ? "AWS_IAM" : "NONE"
}

# Where the server itself asks for keys, or serves everybody, the platform lets everybody through, and only by the URL.
resource "aws_lambda_permission" "everybody" {
  count = local.has_url && var.auth != "platform" ? 1 : 0

  statement_id           = "everybody-by-url"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.function["server"].function_name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "everybody_invokes" {
  count = local.has_url && var.auth != "platform" ? 1 : 0

  statement_id             = "everybody-invokes-by-url"
  action                   = "lambda:InvokeFunction"
  function_name            = aws_lambda_function.function["server"].function_name
  principal                = "*"
  invoked_via_function_url = true
}

resource "aws_lambda_permission" "invoker" {
  for_each = local.has_url && var.auth == "platform" ? toset(var.invokers) : toset([])

  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.function["server"].function_name
  principal              = each.key
  function_url_auth_type = "AWS_IAM"
}

resource "aws_lambda_permission" "invoker_invokes" {
  for_each = local.has_url && var.auth == "platform" ? toset(var.invokers) : toset([])

  action                   = "lambda:InvokeFunction"
  function_name            = aws_lambda_function.function["server"].function_name
  principal                = each.key
  invoked_via_function_url = true
}

# --- or Amazon's HTTP API ---

resource "aws_apigatewayv2_api" "server" {
  count = local.has_api ? 1 : 0

  name          = var.name
  protocol_type = "HTTP"
  tags          = local.tags
}

resource "aws_apigatewayv2_integration" "server" {
  count = local.has_api ? 1 : 0

  api_id                 = aws_apigatewayv2_api.server[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function["server"].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "server" {
  count = local.has_api ? 1 : 0

  api_id             = aws_apigatewayv2_api.server[0].id
  route_key          = "$default"
  target             = "integrations/${aws_apigatewayv2_integration.server[0].id}"
  authorization_type = var.auth == "platform" ? "AWS_IAM" : "NONE"
}

resource "aws_cloudwatch_log_group" "api" {
  count = local.has_api ? 1 : 0

  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.keep_days
  tags              = local.tags
}

resource "aws_apigatewayv2_stage" "server" {
  count = local.has_api ? 1 : 0

  api_id      = aws_apigatewayv2_api.server[0].id
  name        = "$default"
  auto_deploy = true
  tags        = local.tags

  # A token bucket in front of the cap of instances.
  default_route_settings {
    throttling_burst_limit = var.max_instances * 5
    throttling_rate_limit  = var.max_instances * 10
  }

  # Neither the query nor headers: a signed link is a secret.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api[0].arn
    format = jsonencode({
      time    = "$context.requestTime", request = "$context.requestId", method = "$context.httpMethod"
      path    = "$context.path", status = "$context.status", bytes = "$context.responseLength"
      latency = "$context.responseLatency", error = "$context.integrationErrorMessage"
    })
  }
}

resource "aws_lambda_permission" "api" {
  count = local.has_api ? 1 : 0

  statement_id  = "http-api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.function["server"].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.server[0].execution_arn}/*"
}
