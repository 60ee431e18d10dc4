# What the cloud would answer, where the form of it matters; everything else is a random word.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_region" {
  defaults = {
    id = "eu-central-1"
  }
}

mock_data "aws_secretsmanager_secret_version" {
  defaults = {
    secret_string = "an example of a secret that has 32 letters"
  }
}

mock_resource "aws_lambda_function_url" {
  defaults = {
    function_url = "https://x4mpl3.lambda-url.eu-central-1.on.aws/"
  }
}

mock_resource "aws_apigatewayv2_api" {
  defaults = {
    api_endpoint  = "https://x4mpl3.execute-api.eu-central-1.amazonaws.com"
    execution_arn = "arn:aws:execute-api:eu-central-1:123456789012:x4mpl3"
  }
}
