# The server as a function with a URL, for everybody, and the buckets: what the first ten minutes need.

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

  image               = var.image
  auth                = "none"
  max_instances       = 3
  deletion_protection = false
}

output "url" {
  description = "Where the server is."
  value       = module.darkroom.url
}

output "registry" {
  description = "Where images are pushed."
  value       = module.darkroom.registry
}

output "try" {
  description = "A line to paste."
  value       = module.darkroom.try
}

output "catalog" {
  description = "Whether stored pictures are listed and searched."
  value       = module.darkroom.catalog
}
