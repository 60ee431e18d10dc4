# What each variable refuses.

mock_provider "aws" {
  source = "../mocks/aws"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
}

run "name" {
  command = plan

  variables {
    name = "D"
  }

  expect_failures = [var.name]
}

run "image" {
  command = plan

  variables {
    image = "ghcr.io/someone/darkroom:0.1.0"
  }

  expect_failures = [var.image]
}

run "architecture" {
  command = plan

  variables {
    architecture = "amd64"
  }

  expect_failures = [var.architecture]
}

run "server" {
  command = plan

  variables {
    server = "service"
  }

  expect_failures = [var.server]
}

run "auth" {
  command = plan

  variables {
    auth = "basic"
  }

  expect_failures = [var.auth]
}

run "invokers" {
  command = plan

  variables {
    invokers = ["*"]
  }

  expect_failures = [var.invokers]
}

run "keys" {
  command = plan

  variables {
    auth = "keys"
  }

  expect_failures = [var.keys]
}

run "keys_json" {
  command = plan

  variables {
    keys = "dk_secret"
  }

  expect_failures = [var.keys]
}

run "keys_length" {
  command = plan

  variables {
    keys = jsonencode([for number in range(1000) : "key"])
  }

  expect_failures = [var.keys]
}

run "signing_key_secret" {
  command = plan

  variables {
    signing_key_secret = "the value itself, by mistake"
  }

  expect_failures = [var.signing_key_secret]
}

run "mongo_secret" {
  command = plan

  variables {
    mongo_secret = "mongodb://user:password@host/"
  }

  expect_failures = [var.mongo_secret]
}

run "vpc" {
  command = plan

  variables {
    vpc = { subnets = [], security_groups = [] }
  }

  expect_failures = [var.vpc]
}

run "rules_file" {
  command = plan

  variables {
    rules_file = "rules.toml"
  }

  expect_failures = [var.rules_file]
}

run "nothing" {
  command = plan

  variables {
    server = "none"
  }

  expect_failures = [var.rules_file]
}

run "settings" {
  command = plan

  variables {
    settings = { MAX_PIXELS = "1" }
  }

  expect_failures = [var.settings]
}

run "settings_reserved" {
  command = plan

  variables {
    settings = { DARKROOM_AUTH = "none" }
  }

  expect_failures = [var.settings]
}

run "sources" {
  command = plan

  variables {
    sources = ["gs://elsewhere/"]
  }

  expect_failures = [var.sources]
}

run "cors_origins" {
  command = plan

  variables {
    cors_origins = ["*"]
  }

  expect_failures = [var.cors_origins]
}

run "request_seconds" {
  command = plan

  variables {
    request_seconds = 700
  }

  expect_failures = [var.request_seconds]
}

run "request_seconds_of_api" {
  command = plan

  variables {
    server          = "http_api"
    request_seconds = 30
  }

  expect_failures = [var.request_seconds]
}

run "event_attempts" {
  command = plan

  variables {
    event_attempts = 0
  }

  expect_failures = [var.event_attempts]
}

run "memory" {
  command = plan

  variables {
    memory = 128
  }

  expect_failures = [var.memory]
}

run "max_instances" {
  command = plan

  variables {
    max_instances = 1
  }

  expect_failures = [var.max_instances]
}

run "cdn" {
  command = plan

  variables {
    auth = "none"
    cdn  = { domains = [], certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0" }
  }

  expect_failures = [var.cdn]
}

run "cdn_certificate" {
  command = plan

  variables {
    auth = "none"
    cdn  = { domains = ["photos.example"], certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/0" }
  }

  expect_failures = [var.cdn]
}

run "cdn_of_platform" {
  command = plan

  variables {
    cdn = { domains = ["photos.example"], certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0" }
  }

  expect_failures = [var.cdn]
}

run "alert_emails" {
  command = plan

  variables {
    alert_emails = ["press"]
  }

  expect_failures = [var.alert_emails]
}

run "budget" {
  command = plan

  variables {
    budget       = 0.5
    alert_emails = ["press@photos.example"]
  }

  expect_failures = [var.budget]
}

run "budget_for_nobody" {
  command = plan

  variables {
    budget = 100
  }

  expect_failures = [var.budget]
}

run "keep_days" {
  command = plan

  variables {
    keep_days = 8
  }

  expect_failures = [var.keep_days]
}
