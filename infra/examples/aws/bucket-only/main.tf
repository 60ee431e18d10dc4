# No server: pictures are put into a bucket, a function makes their outputs in another by the rules in its image.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.69"
    }
  }
}

variable "region" {
  description = "Region."
  type        = string
  default     = "eu-central-1"
}

variable "image" {
  description = "The container in ECR: see the output `registry` for where to push it."
  type        = string
}


provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "darkroom" }
  }
}

module "darkroom" {
  source = "../../../aws"

  image         = var.image
  server        = "none"
  rules_file    = "/srv/darkroom/rules.toml"
  max_instances = 5
}

output "buckets" {
  description = "Where pictures go, and where their outputs are."
  value       = module.darkroom.buckets
}

output "registry" {
  description = "Where images are pushed."
  value       = module.darkroom.registry
}

output "try_events" {
  description = "Lines to paste."
  value       = module.darkroom.try_events
}
