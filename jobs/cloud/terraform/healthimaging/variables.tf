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

variable "datastore_id" {
  description = "An existing data store. Null: one is made, which keeps pixels as HTJ2K."
  type        = string
  default     = null

  validation {
    condition     = var.datastore_id == null || can(regex("^[0-9a-z]{32}$", var.datastore_id))
    error_message = "datastore_id: 32 small letters and digits, or null."
  }
}

variable "datastore_key_arn" {
  description = "Key that encrypts the data store made here. Null: HealthImaging's own."
  type        = string
  default     = null

  validation {
    condition     = var.datastore_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.datastore_key_arn))
    error_message = "datastore_key_arn: the ARN of a KMS key, or null."
  }
}

variable "report_prefix" {
  description = "Where in the bucket HealthImaging writes what became of each file. COMPLETED alone does not mean that all were taken."
  type        = string
  default     = "healthimaging/"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*/$", var.report_prefix))
    error_message = "report_prefix: a prefix that ends with /."
  }
}
