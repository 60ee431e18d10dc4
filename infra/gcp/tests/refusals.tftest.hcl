# What each variable refuses.

mock_provider "google" {
  source = "../mocks/google"
}

variables {
  project = "photos-prod"
  image   = "europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0"
}

run "project" {
  command = plan

  variables {
    project = "Photos"
  }

  expect_failures = [var.project]
}

run "region" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
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
    image = "darkroom"
  }

  expect_failures = [var.image]
}

run "image_missing" {
  command = plan

  variables {
    image = null
  }

  expect_failures = [var.image]
}

run "server" {
  command = plan

  variables {
    server = "lambda"
  }

  expect_failures = [var.server]
}

run "source_archive" {
  command = plan

  variables {
    server = "function"
  }

  expect_failures = [var.source_archive]
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
    invokers = ["allUsers"]
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

run "events" {
  command = plan

  variables {
    events = "sns"
  }

  expect_failures = [var.events]
}

run "events_without_server" {
  command = plan

  variables {
    server = "none"
  }

  expect_failures = [var.events]
}

run "rules" {
  command = plan

  variables {
    rules = "rules.toml"
  }

  expect_failures = [var.rules]
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
    sources = ["s3://elsewhere/"]
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
    request_seconds = 600
  }

  expect_failures = [var.request_seconds]
}

run "event_attempts" {
  command = plan

  variables {
    event_attempts = 100
  }

  expect_failures = [var.event_attempts]
}

run "cpu" {
  command = plan

  variables {
    cpu = 3
  }

  expect_failures = [var.cpu]
}

run "memory" {
  command = plan

  variables {
    memory = "256Mi"
  }

  expect_failures = [var.memory]
}

run "max_instances" {
  command = plan

  variables {
    max_instances = 0
    min_instances = 0
  }

  expect_failures = [var.max_instances]
}

run "min_instances" {
  command = plan

  variables {
    min_instances = 11
  }

  expect_failures = [var.min_instances]
}

run "cdn" {
  command = plan

  variables {
    auth = "none"
    cdn  = { domains = ["https://photos.example"] }
  }

  expect_failures = [var.cdn]
}

run "cdn_of_platform" {
  command = plan

  variables {
    cdn = { domains = ["photos.example"] }
  }

  expect_failures = [var.cdn]
}

run "cdn_rate" {
  command = plan

  variables {
    auth = "none"
    cdn  = { domains = ["photos.example"], requests_per_minute = 1 }
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
    budget = { billing_account = "my account", amount = 10 }
  }

  expect_failures = [var.budget]
}

run "keep_days" {
  command = plan

  variables {
    keep_days = 0
  }

  expect_failures = [var.keep_days]
}
