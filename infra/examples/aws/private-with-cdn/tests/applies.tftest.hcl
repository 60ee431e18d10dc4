mock_provider "aws" {
  source = "../../../mocks/aws"
}

variables {
  image              = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
  domains            = ["photos.example"]
  certificate_arn    = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
  keys_file          = "tests/keys.json"
  signing_key_secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:darkroom-signing-key"
  mongo_secret       = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:darkroom-mongo"
  alert_emails       = ["press@photos.example"]
}

run "applies" {
  assert {
    condition     = output.try == "curl -H \"X-Api-Key: $(cat laptop.key)\" --data-binary @docs/img/street.png 'https://photos.example/v1/process?pipeline=resize:320' -o out.png"
    error_message = "The line to try is: ${output.try}"
  }
}
