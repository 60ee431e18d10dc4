locals {
  public_url = var.cdn == null ? local.url : "https://${var.cdn.domains[0]}"
  credential = {
    platform = " -H \"Authorization: Bearer $(gcloud auth print-identity-token)\""
    keys     = " -H \"X-Api-Key: $(cat laptop.key)\""
    none     = ""
  }[var.auth]
}

output "url" {
  description = "Where the server is reached; null without one."
  value       = local.public_url
}

output "try" {
  description = "A line to paste, in the folder of the source: a picture goes in, a smaller one comes out."
  value = local.has_server ? (
    "curl${local.credential} --data-binary @docs/img/street.png '${local.public_url}/v1/process?pipeline=resize:320' -o out.png"
  ) : null
}

output "try_events" {
  description = "Lines to paste: a picture goes into the uploads bucket, and its outputs are listed."
  value = local.has_events ? join("\n", [
    "gcloud storage cp docs/img/street.png gs://${local.uploads}/try/street.png",
    "sleep 20; gcloud storage ls 'gs://${local.results}/**'",
  ]) : null
}

output "buckets" {
  description = "The buckets: uploads (each object is an event), results (the server's own), data (weights/ of models)."
  value       = { uploads = local.uploads, results = local.results, data = local.data }
}

output "registry" {
  description = "Where images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}

output "catalog" {
  description = "Whether stored pictures are listed and searched."
  value       = var.mongo_secret == null ? "off: name a secret with the URL of a MongoDB server as mongo_secret" : "on: by the server that the secret \"${var.mongo_secret}\" names"
}

output "address" {
  description = "The load balancer's address, which the records of the domains must name; null without a cdn."
  value       = one([for one in google_compute_global_address.public : one.address])
}

output "accounts" {
  description = "E-mail addresses of the service accounts by what they do."
  value = { for name, email in {
    server    = one(google_service_account.server[*].email)
    pusher    = one(google_service_account.pusher[*].email)
    events    = one(google_service_account.events[*].email)
    sweeper   = one(google_service_account.sweeper[*].email)
    batcher   = one(google_service_account.batcher[*].email)
    scheduler = one(google_service_account.scheduler[*].email)
  } : name => email if email != null }
}

output "batch" {
  description = "What starts the batch; null without one."
  value       = var.batch == null ? null : "gcloud run jobs execute ${var.name}-batch --project=${var.project} --region=${var.region}"
}
