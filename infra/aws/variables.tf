variable "name" {
  description = "What everything made here is called, or begins with."
  type        = string
  default     = "darkroom"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "The name must be 3 to 20 of a-z, 0-9 and -, beginning with a letter: buckets have no room for more."
  }
}

variable "tags" {
  description = "Tags of everything that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "image" {
  description = "The container in this account's ECR, with tag or digest."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[a-z0-9._/-]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.image))
    error_message = "The image must be of ECR, since Lambda takes no other, and name a tag or a digest, such as \"123456789012.dkr.ecr.eu-central-1.amazonaws.com/darkroom:0.1.0\"."
  }
}

variable "architecture" {
  description = "What the image was built for: \"x86_64\" or \"arm64\"."
  type        = string
  default     = "x86_64"
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "The architecture must be \"x86_64\" or \"arm64\"."
  }
}

variable "server" {
  description = "What answers requests: \"function_url\" (the function's own URL), \"http_api\" (Amazon's HTTP API in front of it), or \"none\" (buckets and events only)."
  type        = string
  default     = "function_url"
  nullable    = false

  validation {
    condition     = contains(["function_url", "http_api", "none"], var.server)
    error_message = "The server must be \"function_url\", \"http_api\" or \"none\"."
  }
}

variable "auth" {
  description = "Who is served: \"platform\" (who signs requests as one of invokers), \"keys\" (whoever has a key: see keys), or \"none\" (everybody)."
  type        = string
  default     = "platform"
  nullable    = false

  validation {
    condition     = contains(["platform", "keys", "none"], var.auth)
    error_message = "The auth must be \"platform\", \"keys\" or \"none\"."
  }
}

variable "invokers" {
  description = "With auth = \"platform\" and a function URL, roles, users or accounts of others that may send requests, by ARN; this account's own need a policy."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.invokers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+)$", one))])
    error_message = "Each invoker must be the ARN of a role, a user or an account. To serve everybody, set auth = \"none\"."
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
    condition     = try(length(var.keys), 0) <= 3000
    error_message = "The keys are too many: all variables of a function's environment have 4 KB together."
  }

  validation {
    condition     = var.auth != "keys" || var.keys != null
    error_message = "The keys are missing: auth = \"keys\" serves nobody without them."
  }
}

variable "signing_key_secret" {
  description = "ARN of the secret of Secrets Manager that holds the key that signs links. Lambda hands it to the function as a variable, so the state contains it: keep the state encrypted."
  type        = string
  default     = null

  validation {
    condition     = var.signing_key_secret == null || can(regex("^arn:aws[a-z-]*:secretsmanager:", var.signing_key_secret))
    error_message = "The signing_key_secret must be the ARN of a secret, not its value."
  }
}

variable "mongo_secret" {
  description = "ARN of the secret of Secrets Manager that holds the URL of a MongoDB server (Atlas, DocumentDB). Without one the catalog is off: no stored pictures can be listed or searched. The state contains it, as the signing key."
  type        = string
  default     = null

  validation {
    condition     = var.mongo_secret == null || can(regex("^arn:aws[a-z-]*:secretsmanager:", var.mongo_secret))
    error_message = "The mongo_secret must be the ARN of a secret, not the URL itself."
  }
}

variable "vpc" {
  description = "Subnets and security groups of a VPC that the functions run in, where DocumentDB is; they need a way to S3 there."
  type = object({
    subnets         = list(string)
    security_groups = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null || try(length(var.vpc.subnets) > 0 && length(var.vpc.security_groups) > 0, false)
    error_message = "The vpc needs at least one subnet and one security group."
  }
}

variable "rules_file" {
  description = "Path of the rules in the image, such as \"/srv/darkroom/rules.toml\": Lambda mounts no files. Null: uploads to the bucket are no events."
  type        = string
  default     = null

  validation {
    condition     = var.rules_file == null || can(regex("^/.+\\.toml$", var.rules_file))
    error_message = "The rules_file must be the absolute path of a TOML file in the image."
  }

  validation {
    condition     = var.rules_file != null || var.server != "none"
    error_message = "With server = \"none\" and no rules_file nothing would be done with any picture."
  }
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
  description = "Address prefixes that requests may read beside the uploads bucket, such as \"s3://archive/2024/\" or \"https://example.com/\". Reading an s3:// one is granted."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.sources : can(regex("^(s3://[a-z0-9.-]+(/|$)|https://)", one))])
    error_message = "Each source must begin with s3://BUCKET/ or https://."
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
  description = "Longest time of one request, seconds (DARKROOM_MAX_SECONDS). The functions' limits and the queue's visibility follow from it."
  type        = number
  default     = 25
  nullable    = false

  validation {
    condition     = var.request_seconds >= 1 && var.request_seconds <= 600 && floor(var.request_seconds) == var.request_seconds
    error_message = "The request_seconds must be a whole number from 1 to 600."
  }

  validation {
    condition     = var.server != "http_api" || var.request_seconds <= 25
    error_message = "Amazon's HTTP API waits for 30 s at most: with server = \"http_api\", request_seconds must be at most 25."
  }
}

variable "event_attempts" {
  description = "Deliveries after which an event is given up and recorded (DARKROOM_EVENT_ATTEMPTS). The dead-letter queue gets what fails even five times more."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.event_attempts >= 1 && var.event_attempts <= 995 && floor(var.event_attempts) == var.event_attempts
    error_message = "The event_attempts must be a whole number from 1 to 995: SQS counts to 1000."
  }
}

variable "memory" {
  description = "Memory of a function, MB; 1769 of them come with one core."
  type        = number
  default     = 3008
  nullable    = false

  validation {
    condition     = var.memory >= 1024 && var.memory <= 10240 && floor(var.memory) == var.memory
    error_message = "The memory must be a whole number from 1024 to 10240 MB."
  }
}

variable "max_instances" {
  description = "Most requests at a time, and as many events. This is what bounds the bill; it is taken out of the account's limit."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.max_instances >= 2 && var.max_instances <= 1000 && floor(var.max_instances) == var.max_instances
    error_message = "The max_instances must be a whole number from 2 to 1000."
  }
}

variable "cdn" {
  description = "CloudFront in front of the server: its domains, the ARN of their certificate (of ACM in us-east-1), and of a web ACL, if there is one."
  type = object({
    domains         = list(string)
    certificate_arn = string
    web_acl_arn     = optional(string)
  })
  default = null

  validation {
    condition     = var.cdn == null || try(length(var.cdn.domains) > 0 && alltrue([for one in var.cdn.domains : can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", one))]), false)
    error_message = "The cdn needs at least one domain such as \"photos.example\", in lower case and without https://."
  }

  validation {
    condition     = var.cdn == null || can(regex("^arn:aws[a-z-]*:acm:us-east-1:", var.cdn.certificate_arn))
    error_message = "The cdn's certificate_arn must be of ACM in us-east-1: CloudFront takes no other."
  }

  validation {
    condition     = var.cdn == null || var.auth != "platform"
    error_message = "CloudFront signs no bodies: with a cdn, auth must be \"keys\" or \"none\"."
  }

  validation {
    condition     = var.cdn == null || var.server != "none"
    error_message = "With a cdn there must be a server behind it."
  }
}

variable "alert_emails" {
  description = "Who is told when something is wrong; each must confirm a message of Amazon's. Without any, alarms are shown in the console only."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one))])
    error_message = "Each of alert_emails must be an e-mail address."
  }
}

variable "budget" {
  description = "A monthly budget of the account, US dollars, which warns alert_emails at 50, 90 and 100 percent."
  type        = number
  default     = null

  validation {
    condition     = var.budget == null || try(var.budget >= 1, false)
    error_message = "The budget must be at least 1 dollar."
  }

  validation {
    condition     = var.budget == null || length(var.alert_emails) > 0
    error_message = "A budget warns by e-mail: name alert_emails."
  }
}

variable "keep_days" {
  description = "Days after which what can be made again is deleted: stored renders; and how long logs are kept."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 180, 365], var.keep_days)
    error_message = "The keep_days must be 7, 14, 30, 60, 90, 120, 180 or 365: logs know no others."
  }
}

variable "deletion_protection" {
  description = "Whether buckets and the registry withstand `terraform destroy` while they hold something."
  type        = bool
  default     = true
  nullable    = false
}
