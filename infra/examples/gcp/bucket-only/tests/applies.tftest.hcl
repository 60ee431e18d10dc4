mock_provider "google" {
  source = "../../../mocks/google"
}

variables {
  project        = "photos-prod"
  source_archive = "main.tf" # any file: nothing is uploaded
}

run "applies" {
  assert {
    condition     = output.buckets.uploads == "photos-prod-darkroom-uploads"
    error_message = "The bucket for uploads is ${output.buckets.uploads}."
  }
}
