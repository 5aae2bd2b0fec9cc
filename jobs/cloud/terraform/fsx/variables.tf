variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

variable "bucket" {
  description = "Name of the bucket with raw data."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket: the name of a bucket."
  }
}

variable "prefix" {
  description = "Only keys below this prefix appear in the file system. Empty: all."
  type        = string
  default     = ""

  validation {
    condition     = var.prefix == "" || can(regex("^[^/].*/$", var.prefix))
    error_message = "prefix: empty, or a prefix that ends with / and does not begin with it."
  }
}

variable "vpc_id" {
  description = "VPC of the file system."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of the file system. Instances in other zones pay for the traffic between zones."
  type        = string
}

variable "client_security_group_id" {
  description = "Security group of the instances that mount it."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that encrypts the file system, where it is persistent. Null: the key of FSx."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a KMS key, or null."
  }
}

variable "deployment" {
  description = "SCRATCH_2: cheaper, lost if a server fails, which costs nothing but time, because all of it is in S3. PERSISTENT_2: replicated in its zone."
  type        = string
  default     = "SCRATCH_2"

  validation {
    condition     = contains(["SCRATCH_2", "PERSISTENT_2"], var.deployment)
    error_message = "deployment: SCRATCH_2 or PERSISTENT_2."
  }
}

variable "storage_gib" {
  description = "Size of the file system."
  type        = number
  default     = 1200

  validation {
    condition     = var.storage_gib == 1200 || (var.storage_gib >= 2400 && var.storage_gib % 2400 == 0 && var.storage_gib <= 240000)
    error_message = "storage_gib: 1200, or a multiple of 2400 up to 240000."
  }
}

variable "throughput" {
  description = "MB/s for each TiB, where the file system is persistent."
  type        = number
  default     = 125

  validation {
    condition     = contains([125, 250, 500, 1000], var.throughput)
    error_message = "throughput: 125, 250, 500 or 1000."
  }
}

variable "mount_path" {
  description = "Where instances see it; inputs in a manifest then begin with this path."
  type        = string
  default     = "/fsx"

  validation {
    condition     = can(regex("^/[A-Za-z0-9_-]+$", var.mount_path)) && var.mount_path != "/scratch"
    error_message = "mount_path: a folder at the root, and not /scratch."
  }
}
