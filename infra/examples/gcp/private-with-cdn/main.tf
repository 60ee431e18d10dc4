# Only for holders of keys and of signed links, behind Cloud CDN and Cloud Armor, with a catalog, a budget and alerts.

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
  description = "The container."
  type        = string
}

variable "domains" {
  description = "Domains that will name the load balancer's address."
  type        = list(string)
}

variable "keys_file" {
  description = "The file that `python -m functions.jobs.keys new` makes."
  type        = string
  default     = "keys.json"
}

variable "alert_emails" {
  description = "Who is told when something is wrong."
  type        = list(string)
}

variable "billing_account" {
  description = "The billing account whose budget is watched."
  type        = string
}

# Budgets belong to no project, so their service asks whose quota a call uses.
provider "google" {
  project               = var.project
  region                = var.region
  billing_project       = var.project
  user_project_override = true
}

module "darkroom" {
  source = "../../../gcp"

  project            = var.project
  region             = var.region
  image              = var.image
  auth               = "keys"
  keys               = file(var.keys_file)
  signing_key_secret = "darkroom-signing-key"
  mongo_secret       = "darkroom-mongo"
  min_instances      = 1
  max_instances      = 20
  cors_origins       = [for one in var.domains : "https://${one}"]
  cdn                = { domains = var.domains }
  alert_emails       = var.alert_emails
  budget             = { billing_account = var.billing_account, amount = 200 }
  settings           = { DARKROOM_ONLY_PRESETS = "true" }
}

output "url" {
  description = "Where the server is."
  value       = module.darkroom.url
}

output "address" {
  description = "What the domains' records must name."
  value       = module.darkroom.address
}

output "registry" {
  description = "Where images are pushed."
  value       = module.darkroom.registry
}

output "try" {
  description = "A line to paste."
  value       = module.darkroom.try
}
