variable "name" {
  description = "Begins the names of the three buckets, which are unique in the world: NAME-raw, NAME-prepared, NAME-results."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,46}[a-z0-9]$", var.name))
    error_message = "name: 3 to 48 small letters, digits and hyphens, a letter first."
  }
}

variable "kms_key_arn" {
  description = "Key that encrypts the buckets. Null: a key is made, with yearly rotation."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a KMS key, or null."
  }
}

variable "kms_deletion_days" {
  description = "Days between destroying the key and its end; until then it can be saved, and with it all data."
  type        = number
  default     = 30

  validation {
    condition     = var.kms_deletion_days >= 7 && var.kms_deletion_days <= 30
    error_message = "kms_deletion_days: 7 to 30."
  }
}

variable "raw_archive_days" {
  description = "Raw data go to archive_class after this many days. 0: never. A job cannot read them there: they must be restored first."
  type        = number
  default     = 180

  validation {
    condition     = var.raw_archive_days == 0 || (var.raw_archive_days >= 30 && var.raw_archive_days <= 36500)
    error_message = "raw_archive_days: 0, or 30 to 36500."
  }
}

variable "archive_class" {
  description = "GLACIER (restored in minutes to hours), DEEP_ARCHIVE (in hours to days) or GLACIER_IR (read at once; restoring is not needed)."
  type        = string
  default     = "GLACIER"

  validation {
    condition     = contains(["GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"], var.archive_class)
    error_message = "archive_class: GLACIER, DEEP_ARCHIVE or GLACIER_IR."
  }
}

variable "tiering_days" {
  description = "Raw data and results go to Intelligent-Tiering after this many days. 0: never."
  type        = number
  default     = 7

  validation {
    condition     = var.tiering_days >= 0 && var.tiering_days <= 36500
    error_message = "tiering_days: 0 to 36500."
  }
}

variable "prepared_days" {
  description = "Prepared units, which can be made again from raw data, are deleted after this many days. 0: never."
  type        = number
  default     = 14

  validation {
    condition     = var.prepared_days >= 0 && var.prepared_days <= 36500
    error_message = "prepared_days: 0 to 36500."
  }
}

variable "former_version_days" {
  description = "What was replaced or deleted can be had back for this many days."
  type        = number
  default     = 30

  validation {
    condition     = var.former_version_days >= 1 && var.former_version_days <= 36500
    error_message = "former_version_days: 1 to 36500."
  }
}

variable "incomplete_upload_days" {
  description = "Parts of uploads that were never completed are deleted after this many days. Longer than any upload takes."
  type        = number
  default     = 2

  validation {
    condition     = var.incomplete_upload_days >= 1 && var.incomplete_upload_days <= 365
    error_message = "incomplete_upload_days: 1 to 365."
  }
}

variable "force_destroy" {
  description = "Destroying deletes buckets that are not empty, with everything in them. For trials only."
  type        = bool
  default     = false
}

variable "fsx_reads" {
  description = "The key made here also lets FSx for Lustre decrypt (module fsx), whose own role has no other way to it."
  type        = bool
  default     = false
}
