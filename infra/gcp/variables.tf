variable "project" {
  description = "Google Cloud project that everything is made in."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "The project must be its id (6 to 30 of a-z, 0-9 and -), such as \"photos-prod\", neither its number nor its title."
  }
}

variable "region" {
  description = "Region of the service, its buckets and its images."
  type        = string
  default     = "europe-west1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "The region must be one such as \"europe-west1\", not a zone."
  }
}

variable "name" {
  description = "What everything made here is called, or begins with."
  type        = string
  default     = "darkroom"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name must be 3 to 20 of a-z, 0-9 and -, beginning with a letter: accounts have no room for more."
  }
}

variable "labels" {
  description = "Labels of everything that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image" {
  description = "The container, with tag or digest; null only where neither a service nor a job runs from it (server = \"function\" or \"none\", sweep = false, and no batch)."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex("^[a-z0-9.-]+/[A-Za-z0-9._/-]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.image))
    error_message = "The image must name its registry and a tag or a digest, such as \"europe-west1-docker.pkg.dev/photos-prod/darkroom/darkroom:0.1.0\"."
  }

  validation {
    condition     = var.image != null || (var.server != "service" && !(var.sweep && var.events != "none") && var.batch == null)
    error_message = "The image is missing: server = \"service\", the sweep and the batch run from it."
  }
}

variable "server" {
  description = "What answers requests: \"service\" (Cloud Run, from the image), \"function\" (Cloud Functions, 2nd generation, from the source), or \"none\" (buckets and events only)."
  type        = string
  default     = "service"
  nullable    = false

  validation {
    condition     = contains(["service", "function", "none"], var.server)
    error_message = "The server must be \"service\", \"function\" or \"none\"."
  }
}

variable "source_archive" {
  description = "Path of the source as a ZIP file, for what runs as a function."
  type        = string
  default     = null

  validation {
    condition     = var.source_archive != null || (var.server != "function" && var.events != "eventarc")
    error_message = "The source_archive is missing: server = \"function\" and events = \"eventarc\" are built from it."
  }
}

variable "auth" {
  description = "Who is served: \"platform\" (whoever has roles/run.invoker: see invokers), \"keys\" (whoever has a key: see keys), or \"none\" (everybody)."
  type        = string
  default     = "platform"
  nullable    = false

  validation {
    condition     = contains(["platform", "keys", "none"], var.auth)
    error_message = "The auth must be \"platform\", \"keys\" or \"none\"."
  }
}

variable "invokers" {
  description = "With auth = \"platform\", who may send requests, such as \"group:press@example.com\"."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.invokers : can(regex("^(user|group|domain|serviceAccount):", one))])
    error_message = "Each invoker must begin with user:, group:, domain: or serviceAccount:. To serve everybody, set auth = \"none\"."
  }
}

variable "keys" {
  description = "With auth = \"keys\", the file that `python -m functions.jobs.keys` makes: its content. It holds digests, no keys."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.keys == null || can(jsondecode(var.keys))
    error_message = "The keys must be the JSON that `python -m functions.jobs.keys new` writes."
  }

  validation {
    condition     = var.auth != "keys" || var.keys != null
    error_message = "The keys are missing: auth = \"keys\" serves nobody without them."
  }
}

variable "signing_key_secret" {
  description = "Secret of Secret Manager, in this project, that holds the key that signs links; it is not read here, so no state contains it."
  type        = string
  default     = null

  validation {
    condition     = var.signing_key_secret == null || can(regex("^[A-Za-z0-9_-]{1,255}$", var.signing_key_secret))
    error_message = "The signing_key_secret must be the name of a secret, not its value and not its path."
  }
}

variable "mongo_secret" {
  description = "Secret of Secret Manager, in this project, that holds the URL of a MongoDB server (Atlas, Firestore's MongoDB interface). Without one the catalog is off: no stored pictures can be listed or searched."
  type        = string
  default     = null

  validation {
    condition     = var.mongo_secret == null || can(regex("^[A-Za-z0-9_-]{1,255}$", var.mongo_secret))
    error_message = "The mongo_secret must be the name of a secret, not the URL itself."
  }
}

variable "events" {
  description = "How uploads to the bucket reach the rules: \"push\" (notification, topic, push subscription to /events), \"eventarc\" (functions), or \"none\"."
  type        = string
  default     = "push"
  nullable    = false

  validation {
    condition     = contains(["push", "eventarc", "none"], var.events)
    error_message = "The events must be \"push\", \"eventarc\" or \"none\"."
  }

  validation {
    condition     = var.events != "push" || var.server != "none"
    error_message = "With events = \"push\" there must be a server that they are pushed to."
  }
}

variable "rules" {
  description = "The rules of docs/buckets.md, a TOML file's content, in which the names of the buckets are written $${uploads} and $${results}; null: the shipped rules.toml.tftpl."
  type        = string
  default     = null

  validation {
    condition     = var.rules == null || can(regex("\\[\\[rule\\]\\]", var.rules))
    error_message = "The rules must be the content of a TOML file with at least one [[rule]]; to switch events off, set events = \"none\"."
  }
}

variable "presets" {
  description = "The presets, a TOML file's content; null: the shipped ones."
  type        = string
  default     = null
}

variable "models" {
  description = "Own models, a TOML file's content; their weights belong into weights/ of the data bucket."
  type        = string
  default     = null
}

variable "warm" {
  description = "Tasks or models to load before an instance is ready, such as [\"faces\"]."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "settings" {
  description = "Further settings of docs/settings.md, by the name of their variable, such as { DARKROOM_MAX_PIXELS = \"100000000\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^DARKROOM_[A-Z0-9_]+$", name))])
    error_message = "Each name in settings must be that of a variable, such as DARKROOM_MAX_PIXELS."
  }

  validation {
    condition     = length(setintersection(keys(var.settings), local.reserved)) == 0
    error_message = "These settings have variables of their own here, or follow from others: ${join(", ", sort(setintersection(keys(var.settings), local.reserved)))}."
  }
}

variable "sources" {
  description = "Address prefixes that requests may read beside the uploads bucket, such as \"gs://archive/2024/\" or \"https://example.com/\". Reading a gs:// one is granted."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.sources : can(regex("^(gs://[a-z0-9._-]+(/|$)|https://)", one))])
    error_message = "Each source must begin with gs://BUCKET/ or https://."
  }
}

variable "cors_origins" {
  description = "Web origins whose pages may call the server and upload to signed URLs, such as [\"https://photos.example\"]."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]+)?$", one))])
    error_message = "Each origin must be one such as \"https://photos.example\", without a path; a * would let every site upload."
  }
}

variable "request_seconds" {
  description = "Longest time of one request, seconds (DARKROOM_MAX_SECONDS). What waits for it, from the instance's limit to the acknowledgement of events, follows from it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.request_seconds >= 1 && var.request_seconds <= 500 && floor(var.request_seconds) == var.request_seconds
    error_message = "The request_seconds must be a whole number from 1 to 500: an event must be acknowledged within 600 s."
  }
}

variable "event_attempts" {
  description = "Deliveries after which an event is given up and recorded (DARKROOM_EVENT_ATTEMPTS). The dead-letter topic gets what fails even five times more."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.event_attempts >= 1 && var.event_attempts <= 95 && floor(var.event_attempts) == var.event_attempts
    error_message = "The event_attempts must be a whole number from 1 to 95: Pub/Sub counts to 100."
  }
}

variable "cpu" {
  description = "Cores of an instance."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = contains([1, 2, 4, 6, 8], var.cpu)
    error_message = "The cpu must be 1, 2, 4, 6 or 8."
  }
}

variable "memory" {
  description = "Memory of an instance. One request may take 1.75 GiB unless DARKROOM_MAX_MEMORY says otherwise."
  type        = string
  default     = "4Gi"
  nullable    = false

  validation {
    condition     = can(regex("^([1-9][0-9]?Gi|(51[2-9]|5[2-9][0-9]|[6-9][0-9]{2}|[1-9][0-9]{3,4})Mi)$", var.memory))
    error_message = "The memory must be at least \"512Mi\", in Mi or Gi."
  }
}

variable "max_instances" {
  description = "Most instances at a time. This is what bounds the bill."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_instances >= 1 && var.max_instances <= 100 && floor(var.max_instances) == var.max_instances
    error_message = "The max_instances must be a whole number from 1 to 100."
  }
}

variable "min_instances" {
  description = "Instances that are kept warm, and paid for."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.min_instances >= 0 && var.min_instances <= var.max_instances && floor(var.min_instances) == var.min_instances
    error_message = "The min_instances must be a whole number from 0 to max_instances."
  }
}

variable "sweep" {
  description = "Whether a daily job removes outputs whose source is gone. It needs the image, and events other than \"none\"."
  type        = bool
  default     = true
  nullable    = false
}

variable "batch" {
  description = "A job that processes what lies in the uploads bucket, once somebody starts it: how many tasks share the work, how many of them run at once, the cores, memory and hours of each, and further arguments of `python -m functions.jobs.batch`. Without arguments it does what the rules say of each upload."
  type = object({
    tasks   = optional(number, 10)
    at_once = optional(number, 10)
    cpu     = optional(number, 2)
    memory  = optional(string, "4Gi")
    hours   = optional(number, 24)
    args    = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.batch == null || try(var.batch.tasks >= 1 && var.batch.tasks <= 10000 && var.batch.at_once >= 1 && var.batch.at_once <= var.batch.tasks, false)
    error_message = "The batch's tasks must be from 1 to 10000, and at_once from 1 to tasks."
  }

  validation {
    condition     = var.batch == null || try(contains([1, 2, 4, 6, 8], var.batch.cpu) && can(regex("^[0-9]+Gi$", var.batch.memory)) && var.batch.hours >= 1 && var.batch.hours <= 168, false)
    error_message = "The batch's cpu must be 1, 2, 4, 6 or 8, its memory one such as \"4Gi\", and its hours from 1 to 168."
  }

  validation {
    condition     = var.batch == null || try(!contains(var.batch.args, "--from"), false)
    error_message = "The batch begins with --from the uploads bucket; run the command elsewhere for others."
  }
}

variable "cdn" {
  description = "A load balancer with Cloud CDN and Cloud Armor in front: its domains, and how many requests a minute one address may send. Then the server is reached through it alone."
  type = object({
    domains             = list(string)
    requests_per_minute = optional(number, 600)
  })
  default = null

  validation {
    condition     = var.cdn == null || try(length(var.cdn.domains) > 0 && alltrue([for one in var.cdn.domains : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", one))]), false)
    error_message = "The cdn needs at least one domain such as \"photos.example\", in lower case and without https://."
  }

  validation {
    condition     = var.cdn == null || try(var.cdn.requests_per_minute >= 10 && var.cdn.requests_per_minute <= 100000, false)
    error_message = "The cdn's requests_per_minute must be from 10 to 100000."
  }

  validation {
    condition     = var.cdn == null || var.auth != "platform"
    error_message = "A load balancer sends no identity along: with a cdn, auth must be \"keys\" or \"none\"."
  }

  validation {
    condition     = var.cdn == null || var.server != "none"
    error_message = "With a cdn there must be a server behind it."
  }
}

variable "alert_emails" {
  description = "Who is told when something is wrong. Without any, alerts are shown in the console only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one))])
    error_message = "Each of alert_emails must be an e-mail address."
  }
}

variable "budget" {
  description = "A monthly budget of the project, which warns at 50, 90 and 100 percent: the billing account (012345-6789AB-CDEF01), and the amount in its currency."
  type = object({
    billing_account = string
    amount          = number
  })
  default = null

  validation {
    condition     = var.budget == null || try(can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account)) && var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "The budget needs a billing_account such as \"012345-6789AB-CDEF01\" and a whole amount of at least 1."
  }
}

variable "keep_days" {
  description = "Days after which what can be made again is deleted: stored renders."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.keep_days >= 1 && var.keep_days <= 3650 && floor(var.keep_days) == var.keep_days
    error_message = "The keep_days must be a whole number from 1 to 3650."
  }
}

variable "deletion_protection" {
  description = "Whether the service and buckets that hold objects withstand `terraform destroy`."
  type        = bool
  default     = true
  nullable    = false
}
