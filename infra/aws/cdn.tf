# CloudFront: it keeps what our answers allow it to. What tells answers apart is in its key: the query, `Accept`, and the
# credentials, so that nobody gets what another may see.

locals {
  cdn = var.cdn == null ? toset([]) : toset(["cdn"])
  origin_host = local.has_url ? try(regex("^https://([^/]+)", aws_lambda_function_url.server[0].function_url)[0], null) : (
    local.has_api ? try(regex("^https://([^/]+)", aws_apigatewayv2_api.server[0].api_endpoint)[0], null) : null
  )
}

resource "aws_cloudfront_cache_policy" "renders" {
  for_each = local.cdn

  name        = var.name
  comment     = "As long as the answer says"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = false
    enable_accept_encoding_gzip   = false
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["Accept", "Authorization", "Origin", "X-Api-Key"]
      }
    }
    cookies_config {
      cookie_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "all"
    }
  }
}

# Everything of the request but its host, which the function's URL is found by.
data "aws_cloudfront_origin_request_policy" "all_but_host" {
  for_each = local.cdn

  name = "Managed-AllViewerExceptHostHeader"
}

resource "aws_cloudfront_distribution" "public" {
  for_each = local.cdn

  enabled         = true
  comment         = var.name
  aliases         = var.cdn.domains
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = "PriceClass_100"
  web_acl_id      = var.cdn.web_acl_arn
  tags            = local.tags

  origin {
    origin_id   = "server"
    domain_name = local.origin_host
    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
      origin_read_timeout    = min(60, local.timeout)
    }
  }

  default_cache_behavior {
    target_origin_id         = "server"
    viewer_protocol_policy   = "redirect-to-https"
    allowed_methods          = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods           = ["GET", "HEAD"]
    compress                 = false
    cache_policy_id          = aws_cloudfront_cache_policy.renders["cdn"].id
    origin_request_policy_id = data.aws_cloudfront_origin_request_policy.all_but_host["cdn"].id
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.cdn.certificate_arn
    ssl_support_method       = "sni-only"
    minimum_protocol_version = "TLSv1.2_2021"
  }
}
