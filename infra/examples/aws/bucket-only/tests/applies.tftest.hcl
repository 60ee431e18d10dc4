mock_provider "aws" {
  source = "../../../mocks/aws"
}

variables {
  image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0"
}

run "applies" {
  assert {
    condition     = output.buckets.uploads == "darkroom-123456789012-uploads"
    error_message = "The bucket for uploads is ${output.buckets.uploads}."
  }
}
