locals {
  url = local.has_url ? trimsuffix(aws_lambda_function_url.server[0].function_url, "/") : (
    local.has_api ? aws_apigatewayv2_api.server[0].api_endpoint : null
  )
  public_url = var.cdn == null ? local.url : "https://${var.cdn.domains[0]}"
  credential = {
    platform = " --aws-sigv4 aws:amz:${local.region}:${local.has_url ? "lambda" : "execute-api"} --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" -H \"x-amz-security-token: $AWS_SESSION_TOKEN\""
    keys     = " -H \"X-Api-Key: $(cat laptop.key)\""
    none     = ""
  }[var.auth]
}

output "url" {
  description = "Where the server is reached; null without one."
  value       = local.public_url
}

output "try" {
  description = "A line to paste, in the folder of the source: a picture goes in, a smaller one comes out."
  value = local.has_server ? (
    "curl${local.credential} --data-binary @docs/img/street.png '${local.public_url}/v1/process?pipeline=resize:320' -o out.png"
  ) : null
}

output "try_events" {
  description = "Lines to paste: a picture goes into the uploads bucket, and its outputs are listed."
  value = local.has_events ? join("\n", [
    "aws s3 cp docs/img/street.png s3://${local.uploads}/try/street.png",
    "sleep 20; aws s3 ls --recursive s3://${local.results}/",
  ]) : null
}

output "buckets" {
  description = "The buckets: uploads (each object is an event) and results (the server's own)."
  value       = { uploads = local.uploads, results = local.results }
}

output "registry" {
  description = "Where images are pushed."
  value       = aws_ecr_repository.images.repository_url
}

output "catalog" {
  description = "Whether stored pictures are listed and searched."
  value       = var.mongo_secret == null ? "off: name a secret with the URL of a MongoDB server as mongo_secret" : "on: by the server that the secret ${var.mongo_secret} names"
}

output "cdn_domain" {
  description = "What the records of the domains must name; null without a cdn."
  value       = one([for one in aws_cloudfront_distribution.public : one.domain_name])
}
