mock_provider "google" {
  source = "../../../mocks/google"
}

variables {
  project         = "photos-prod"
  image           = "europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0"
  domains         = ["photos.example", "www.photos.example"]
  keys_file       = "tests/keys.json"
  alert_emails    = ["press@photos.example"]
  billing_account = "012345-6789AB-CDEF01"
}

run "applies" {
  assert {
    condition     = output.try == "curl -H \"X-Api-Key: $(cat laptop.key)\" --data-binary @docs/img/street.png 'https://photos.example/v1/process?pipeline=resize:320' -o out.png"
    error_message = "The line to try is: ${output.try}"
  }

  assert {
    condition     = output.address == "203.0.113.7"
    error_message = "The address that the records need is missing."
  }
}
