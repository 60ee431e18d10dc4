# What each variable refuses. One run tries several that do not look at each other.

mock_provider "aws" {
  source = "../mocks/aws"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
}

run "forms" {
  command = plan

  variables {
    name               = "D"
    image              = "ghcr.io/someone/darkroom:0.1.0"
    architecture       = "amd64"
    server             = "service"
    auth               = "basic"
    invokers           = ["*"]
    signing_key_secret = "the value itself, by mistake"
    mongo_secret       = "mongodb://user:password@host/"
    vpc                = { subnets = [], security_groups = [] }
    settings           = { MAX_PIXELS = "1" }
    sources            = ["gs://elsewhere/"]
    cors_origins       = ["*"]
    event_attempts     = 0
    memory             = 128
    max_instances      = 1
    alert_emails       = ["press"]
    keep_days          = 8
  }

  expect_failures = [
    var.name,
    var.image,
    var.architecture,
    var.server,
    var.auth,
    var.invokers,
    var.signing_key_secret,
    var.mongo_secret,
    var.vpc,
    var.settings,
    var.sources,
    var.cors_origins,
    var.event_attempts,
    var.memory,
    var.max_instances,
    var.alert_emails,
    var.keep_days,
  ]
}

run "more_forms" {
  command = plan

  variables {
    auth            = "none"
    keys            = "dk_secret"
    rules_file      = "rules.toml"
    settings        = { DARKROOM_AUTH = "none" }
    request_seconds = 700
    cdn             = { domains = [], certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0" }
    budget          = 0.5
    alert_emails    = ["press@photos.example"]
  }

  expect_failures = [
    var.keys,
    var.rules_file,
    var.settings,
    var.request_seconds,
    var.cdn,
    var.budget,
  ]
}

run "limits_of_the_platform" {
  command = plan

  variables {
    auth            = "none"
    server          = "http_api"
    request_seconds = 30
    keys            = jsonencode([for number in range(1000) : "key"])
    cdn             = { domains = ["photos.example"], certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0" }
    budget          = 100
  }

  expect_failures = [
    var.request_seconds,
    var.keys,
    var.cdn,
    var.budget,
  ]
}

run "no_keys" {
  command = plan

  variables {
    auth = "keys"
  }

  expect_failures = [
    var.keys,
  ]
}

run "nothing_to_do" {
  command = plan

  variables {
    server = "none"
  }

  expect_failures = [
    var.rules_file,
  ]
}

run "a_cdn_signs_no_bodies" {
  command = plan

  variables {
    cdn = { domains = ["photos.example"], certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0" }
  }

  expect_failures = [
    var.cdn,
  ]
}
