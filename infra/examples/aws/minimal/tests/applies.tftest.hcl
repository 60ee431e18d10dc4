mock_provider "aws" {
  source = "../../../mocks/aws"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
}

run "applies" {
  assert {
    condition     = output.try == "curl --data-binary @docs/img/street.png 'https://x4mpl3.lambda-url.eu-central-1.on.aws/v1/process?pipeline=resize:320' -o out.png"
    error_message = "The line to try is: ${output.try}"
  }

  assert {
    condition     = startswith(output.catalog, "off")
    error_message = "Without a database the catalog must say that it is off."
  }
}
