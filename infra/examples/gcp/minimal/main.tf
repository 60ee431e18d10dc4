# The server on Cloud Run, for everybody, and the buckets: what the first ten minutes need.

terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 8.7"
    }
  }
}

variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region."
  type        = string
  default     = "europe-west1"
}

variable "image" {
  description = "The container: see the output `registry` for where to push it."
  type        = string
}

provider "google" {
  project = var.project
  region  = var.region
}

module "darkroom" {
  source = "../../../gcp"

  project             = var.project
  region              = var.region
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

output "try_events" {
  description = "Lines to paste."
  value       = module.darkroom.try_events
}

output "catalog" {
  description = "Whether stored pictures are listed and searched."
  value       = module.darkroom.catalog
}
