# What each variable refuses. One run tries several that do not look at each other.

mock_provider "google" {
  source = "../mocks/google"
}

variables {
  project = "photos-prod"
  image   = "europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0"
}

run "forms" {
  command = plan

  variables {
    project            = "Photos"
    region             = "europe-west1-b"
    name               = "D"
    server             = "lambda"
    auth               = "basic"
    invokers           = ["allUsers"]
    signing_key_secret = "the value itself, by mistake"
    mongo_secret       = "mongodb://user:password@host/"
    rules              = "rules.toml"
    settings           = { MAX_PIXELS = "1" }
    sources            = ["s3://elsewhere/"]
    cors_origins       = ["*"]
    request_seconds    = 600
    event_attempts     = 100
    cpu                = 3
    memory             = "256Mi"
    max_instances      = 0
    alert_emails       = ["press"]
    budget             = { billing_account = "my account", amount = 10 }
    keep_days          = 0
    batch              = { tasks = 5, at_once = 6, cpu = 3, args = ["--from"] }
  }

  expect_failures = [
    var.project,
    var.region,
    var.name,
    var.server,
    var.auth,
    var.invokers,
    var.signing_key_secret,
    var.mongo_secret,
    var.rules,
    var.settings,
    var.sources,
    var.cors_origins,
    var.request_seconds,
    var.event_attempts,
    var.cpu,
    var.memory,
    var.max_instances,
    var.alert_emails,
    var.budget,
    var.keep_days,
    var.batch,
  ]
}

run "more_forms" {
  command = plan

  variables {
    auth          = "none"
    image         = "darkroom"
    keys          = "dk_secret"
    min_instances = 11
    settings      = { DARKROOM_AUTH = "none" }
    cdn           = { domains = ["https://photos.example"] }
  }

  expect_failures = [
    var.image,
    var.keys,
    var.min_instances,
    var.settings,
    var.cdn,
  ]
}

run "a_cdn_sends_no_identity" {
  command = plan

  variables {
    events = "sns"
    cdn    = { domains = ["photos.example"] }
  }

  expect_failures = [
    var.events,
    var.cdn,
  ]
}

run "what_is_missing" {
  command = plan

  variables {
    image = null
    auth  = "keys"
    cdn   = { domains = ["photos.example"], requests_per_minute = 1 }
  }

  expect_failures = [
    var.image,
    var.keys,
    var.cdn,
  ]
}

run "events_without_a_server" {
  command = plan

  variables {
    server = "none"
  }

  expect_failures = [
    var.events,
  ]
}

run "a_function_without_its_source" {
  command = plan

  variables {
    server = "function"
  }

  expect_failures = [
    var.source_archive,
  ]
}
