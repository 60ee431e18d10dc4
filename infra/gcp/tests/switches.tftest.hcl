# Each switch that no example turns; the examples are tests of their own.

mock_provider "google" {
  source = "../mocks/google"
}

variables {
  project = "photos-prod"
  image   = "europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0"
}

run "platform" {
  variables {
    invokers = ["group:press@photos.example"]
    sources  = ["gs://archive/2024/", "https://photos.example/"]
    rules    = "[[rule]]\nwhen = \"gs://$${uploads}/**.jpg\"\nto = \"gs://$${results}/outputs/{name}.{ext}\"\npipeline = \"resize:320\"\nformat = \"webp\"\n"
    presets  = "thumbnail = \"square:200\"\n"
    warm     = ["detect"]
  }

  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.invoker)) == toset(["group:press@photos.example", "pusher", "uptime"])
    error_message = "Only who is named may send requests, and Pub/Sub, and the uptime check."
  }

  assert {
    condition     = google_secret_manager_secret_version.text["rules"].secret_data == "[[rule]]\nwhen = \"gs://photos-prod-darkroom-uploads/**.jpg\"\nto = \"gs://photos-prod-darkroom-results/outputs/{name}.{ext}\"\npipeline = \"resize:320\"\nformat = \"webp\"\n"
    error_message = "The buckets' names must be put into the rules."
  }

  assert {
    condition     = google_storage_bucket_iam_member.granted["server reads archive"].role == "roles/storage.objectViewer"
    error_message = "Reading a source must be granted."
  }

  assert {
    condition     = google_pubsub_subscription.events[0].ack_deadline_seconds == 60 && google_pubsub_subscription.events[0].dead_letter_policy[0].max_delivery_attempts == 15
    error_message = "The subscription must wait longer than the server takes, and give up after the server does."
  }
}

run "function" {
  variables {
    server         = "function"
    source_archive = "main.tf" # any file: nothing is uploaded
    auth           = "keys"
    keys           = "{\"keys\": []}"
    events         = "eventarc"
    mongo_secret   = "darkroom-mongo"
  }

  assert {
    condition     = alltrue([for one in google_cloudfunctions2_function.events : one.event_trigger[0].retry_policy == "RETRY_POLICY_RETRY"])
    error_message = "Events that fail must be sent again."
  }

  assert {
    condition     = toset(keys(google_cloudfunctions2_function.events)) == toset(["archived", "deleted", "finalized"])
    error_message = "Every kind of event needs a function."
  }

  assert {
    condition     = length(google_pubsub_subscription.events) == 0 && length(google_cloud_run_v2_service.server) == 0
    error_message = "With functions there is neither a service nor a subscription."
  }
}

run "without_events" {
  command = plan

  variables {
    events = "none"
    auth   = "none"
  }

  assert {
    condition     = length(google_storage_notification.objects) == 0 && length(google_cloud_run_v2_job.job) == 0
    error_message = "Without events there is nothing to notify and nothing to sweep."
  }
}

run "batch" {
  variables {
    batch = { tasks = 50, at_once = 20, args = ["--max-cost", "100"] }
  }

  assert {
    condition     = google_cloud_run_v2_job.job["batch"].template[0].task_count == 50 && google_cloud_run_v2_job.job["batch"].template[0].parallelism == 20
    error_message = "The tasks must be as many as are asked for."
  }

  assert {
    condition     = google_cloud_run_v2_job.job["batch"].template[0].template[0].containers[0].args == tolist(["--from", "gs://photos-prod-darkroom-uploads/", "--max-cost", "100"])
    error_message = "A batch must begin with the bucket of uploads."
  }

  assert {
    condition     = contains([for one in google_cloud_run_v2_job.job["batch"].template[0].template[0].containers[0].env : one.name], "DARKROOM_RULES")
    error_message = "A batch must know the rules, so that it makes what events make."
  }

  assert {
    condition     = google_storage_bucket_iam_member.granted["batcher reads uploads"].role == "roles/storage.objectViewer"
    error_message = "A batch must read uploads, and must not write them."
  }
}
