# Each switch that no example turns; the examples are tests of their own.

mock_provider "aws" {
  source = "../mocks/aws"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
}

run "platform" {
  variables {
    invokers   = ["arn:aws:iam::210987654321:role/press"]
    sources    = ["s3://archive/2024/", "https://photos.example/"]
    rules_file = "/srv/darkroom/rules.toml"
    vpc        = { subnets = ["subnet-0123456789abcdef0"], security_groups = ["sg-0123456789abcdef0"] }
  }

  assert {
    condition     = aws_lambda_function_url.server[0].authorization_type == "AWS_IAM"
    error_message = "Where the server trusts the platform, the platform must ask who it is."
  }

  assert {
    condition     = aws_sqs_queue.events[0].visibility_timeout_seconds == 240
    error_message = "The queue must wait for six times what the function may take."
  }

  assert {
    condition     = strcontains(aws_iam_role_policy.function["server"].policy, "arn:aws:s3:::archive/*")
    error_message = "Reading a source must be granted."
  }
}

run "api_of_the_platform" {
  variables {
    server = "http_api"
  }

  assert {
    condition     = aws_apigatewayv2_route.server[0].authorization_type == "AWS_IAM"
    error_message = "Where the server trusts the platform, the platform must ask who it is."
  }

  assert {
    condition     = aws_lambda_function.function["server"].timeout == 29
    error_message = "The HTTP API waits for 30 s at most."
  }
}
