variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

variable "bucket" {
  description = "Name of the bucket with results; EventBridge must be switched on for it (module storage does)."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket: the name of a bucket."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the bucket. Null: no key of KMS."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a KMS key, or null."
  }
}

variable "gateway_arn" {
  description = "The activated S3 File Gateway in the hospital (aws storagegateway activate-gateway)."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:storagegateway:.*:gateway/", var.gateway_arn))
    error_message = "gateway_arn: the ARN of a gateway."
  }
}

variable "clients" {
  description = "IPv4 addresses or ranges in the hospital that may mount the share."
  type        = set(string)

  validation {
    condition     = length(var.clients) >= 1 && alltrue([for client in var.clients : can(cidrhost(strcontains(client, "/") ? client : "${client}/32", 0)) && !endswith(client, "/0")])
    error_message = "clients: IPv4 addresses or ranges, and not all of the internet."
  }
}

variable "refresh_seconds" {
  description = "Results are seen this long after they were published, at the latest twice as long, and the cache is refreshed no more often than every 300 seconds."
  type        = number
  default     = 300

  validation {
    condition     = var.refresh_seconds >= 300 && var.refresh_seconds <= 900
    error_message = "refresh_seconds: 300 (the time in which SQS drops repeats) to 900."
  }
}
