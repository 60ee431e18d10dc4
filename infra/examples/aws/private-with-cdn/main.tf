# Only for holders of keys and of signed links, behind CloudFront, with a catalog, events, a budget and alarms.

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

variable "domains" {
  description = "Domains that will name the distribution."
  type        = list(string)
}

variable "certificate_arn" {
  description = "Their certificate, of ACM in us-east-1."
  type        = string
}

variable "keys_file" {
  description = "The file that `python -m functions.jobs.keys new` makes."
  type        = string
  default     = "keys.json"
}

variable "signing_key_secret" {
  description = "ARN of the secret with the key that signs links."
  type        = string
}

variable "mongo_secret" {
  description = "ARN of the secret with the URL of a MongoDB server."
  type        = string
}

variable "alert_emails" {
  description = "Who is told when something is wrong."
  type        = list(string)
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { project = "darkroom" }
  }
}

module "darkroom" {
  source = "../../../aws"

  image              = var.image
  server             = "http_api"
  auth               = "keys"
  keys               = file(var.keys_file)
  signing_key_secret = var.signing_key_secret
  mongo_secret       = var.mongo_secret
  rules_file         = "/srv/darkroom/rules.toml"
  max_instances      = 20
  cors_origins       = [for one in var.domains : "https://${one}"]
  cdn                = { domains = var.domains, certificate_arn = var.certificate_arn }
  alert_emails       = var.alert_emails
  budget             = 200
  settings           = { DARKROOM_ONLY_PRESETS = "true" }
}

output "url" {
  description = "Where the server is."
  value       = module.darkroom.url
}

output "cdn_domain" {
  description = "What the domains' records must name."
  value       = module.darkroom.cdn_domain
}

output "registry" {
  description = "Where images are pushed."
  value       = module.darkroom.registry
}

output "try" {
  description = "A line to paste."
  value       = module.darkroom.try
}
