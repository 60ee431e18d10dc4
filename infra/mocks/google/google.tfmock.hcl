# What the cloud would answer, where the form of it matters; everything else is a random word.

mock_data "google_project" {
  defaults = {
    number = "123456789012"
  }
}

mock_data "google_storage_project_service_account" {
  defaults = {
    member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com"
  }
}

mock_resource "google_cloud_run_v2_service" {
  defaults = {
    uri = "https://darkroom-x4mpl3.a.run.app"
  }
}

mock_resource "google_cloudfunctions2_function" {
  defaults = {
    url = "https://europe-west1-photos-prod.cloudfunctions.net/darkroom"
  }
}

mock_resource "google_compute_global_address" {
  defaults = {
    address = "203.0.113.7"
  }
}
