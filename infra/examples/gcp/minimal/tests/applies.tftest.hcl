mock_provider "google" {
  source = "../../../mocks/google"
}

variables {
  project = "photos-prod"
  image   = "europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0"
}

run "applies" {
  assert {
    condition     = output.try == "curl --data-binary @docs/img/street.png 'https://darkroom-x4mpl3.a.run.app/v1/process?pipeline=resize:320' -o out.png"
    error_message = "The line to try is: ${output.try}"
  }

  assert {
    condition     = startswith(output.catalog, "off")
    error_message = "Without a database the catalog must say that it is off."
  }
}
