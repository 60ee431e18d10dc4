# No server: pictures are put into a bucket, functions make their outputs in another by the rules.

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

variable "source_archive" {
  description = "The source as a ZIP file: `git archive --format=zip --output=darkroom.zip HEAD`."
  type        = string
  default     = "darkroom.zip"
}

variable "rules_file" {
  description = "The rules; the buckets' names are written $${uploads} and $${results} in it."
  type        = string
  default     = null
}

provider "google" {
  project = var.project
  region  = var.region
}

module "darkroom" {
  source = "../../../gcp"

  project        = var.project
  region         = var.region
  server         = "none"
  events         = "eventarc"
  source_archive = var.source_archive
  rules          = var.rules_file == null ? null : file(var.rules_file)
  sweep          = false
  max_instances  = 5
}

output "buckets" {
  description = "Where pictures go, and where their outputs are."
  value       = module.darkroom.buckets
}

output "try_events" {
  description = "Lines to paste."
  value       = module.darkroom.try_events
}
