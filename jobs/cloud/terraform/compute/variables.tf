variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

# Where

variable "subnet_ids" {
  description = "Subnets of the instances; more zones, more spot capacity."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 1
    error_message = "subnet_ids: at least one."
  }
}

variable "security_group_ids" {
  description = "Security groups of the instances. They need no way in, and HTTPS out to S3, ECR, ECS and CloudWatch Logs."
  type        = list(string)

  validation {
    condition     = length(var.security_group_ids) >= 1 && length(var.security_group_ids) <= 5
    error_message = "security_group_ids: 1 to 5."
  }
}

variable "buckets" {
  description = "Names of the buckets: jobs read raw and prepared and write results; the split step reads raw and writes prepared."
  type        = object({ raw = string, prepared = string, results = string })
}

variable "kms_key_arn" {
  description = "Key that encrypts the buckets. Null: no key of KMS."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a KMS key, or null."
  }
}

# What runs

variable "image" {
  description = "Image of the jobs. Null: image_tag of the ECR repository made here."
  type        = string
  default     = null
}

variable "image_tag" {
  description = "Tag in the repository made here. Its tags cannot be moved, so a tag is one image for ever."
  type        = string
  default     = "1"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag: a tag, and not latest."
  }
}

variable "kept_images" {
  description = "Images kept in the repository; older ones are deleted."
  type        = number
  default     = 20

  validation {
    condition     = var.kept_images >= 2 && var.kept_images <= 1000
    error_message = "kept_images: 2 to 1000."
  }
}

variable "command" {
  description = "Command of the reconstruction job, behind the image's entry point raki-job. Ref::manifest is the job's parameter."
  type        = list(string)
  default     = ["run", "Ref::manifest"]

  validation {
    condition     = contains(var.command, "Ref::manifest")
    error_message = "command: must hold Ref::manifest."
  }
}

variable "split_command" {
  description = "Command of the job on a CPU that unpacks an archive into units and a manifest. The parameters are those that raki-submit gives."
  type        = list(string)
  default     = ["split", "Ref::archive", "--etag", "Ref::etag", "--output", "Ref::output", "--results", "Ref::results"]

  validation {
    condition     = alltrue([for parameter in ["archive", "etag", "output", "results"] : contains(var.split_command, "Ref::${parameter}")])
    error_message = "split_command: must hold Ref::archive, Ref::etag, Ref::output and Ref::results."
  }
}

variable "split_arguments" {
  description = "Further words of the split command: --set, method=raki, --units-per-index, 8."
  type        = list(string)
  default     = []
}

variable "environment" {
  description = "Further environment variables of all jobs. No secrets: everyone who may describe a job sees them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key, value in var.environment : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key)) && !startswith(key, "AWS_BATCH")])
    error_message = "environment: names of variables; those that begin with AWS_BATCH belong to Batch."
  }
}

variable "user" {
  description = "User and group of the container, as numbers; root is refused. The scratch folder belongs to it."
  type        = object({ uid = number, gid = number })
  default     = { uid = 10001, gid = 10001 }

  validation {
    condition     = var.user.uid >= 1 && var.user.uid <= 65533 && var.user.gid >= 1 && var.user.gid <= 65533
    error_message = "user: uid and gid from 1 to 65533."
  }
}

# How large a job is

variable "gpu_job" {
  description = "What one reconstruction job asks for. memory_mib must leave the instance about 1 GiB: 15 of 16 GiB on g5.xlarge and g6.xlarge."
  type        = object({ vcpus = optional(number, 4), memory_mib = optional(number, 14336), gpus = optional(number, 1), shared_memory_mib = optional(number, 1024) })
  default     = {}

  validation {
    condition     = var.gpu_job.gpus >= 1 && var.gpu_job.gpus <= 8 && var.gpu_job.vcpus >= 1 && var.gpu_job.vcpus <= 192
    error_message = "gpu_job: 1 to 8 gpus, 1 to 192 vcpus."
  }
  validation {
    condition     = var.gpu_job.memory_mib >= 2048 && var.gpu_job.memory_mib <= 2097152 && var.gpu_job.shared_memory_mib >= 64 && var.gpu_job.shared_memory_mib < var.gpu_job.memory_mib
    error_message = "gpu_job: memory_mib 2048 to 2097152, shared_memory_mib 64 to less than that."
  }
}

variable "cpu_job" {
  description = "What one split job asks for."
  type        = object({ vcpus = optional(number, 2), memory_mib = optional(number, 3072), shared_memory_mib = optional(number, 64) })
  default     = {}

  validation {
    condition     = var.cpu_job.vcpus >= 1 && var.cpu_job.vcpus <= 192
    error_message = "cpu_job: 1 to 192 vcpus."
  }
  validation {
    condition     = var.cpu_job.memory_mib >= 512 && var.cpu_job.memory_mib <= 2097152 && var.cpu_job.shared_memory_mib >= 64 && var.cpu_job.shared_memory_mib < var.cpu_job.memory_mib
    error_message = "cpu_job: memory_mib 512 to 2097152, shared_memory_mib 64 to less than that."
  }
}

variable "job_seconds" {
  description = "A job (of an array: each index) is stopped after this time, and not retried."
  type        = number
  default     = 21600

  validation {
    condition     = var.job_seconds >= 60 && var.job_seconds <= 604800
    error_message = "job_seconds: 60 to 604800."
  }
}

variable "attempts" {
  description = "Attempts of a job. Only a lost host, an image that could not be pulled and exits 75 and 137 are tried again."
  type        = number
  default     = 5

  validation {
    condition     = var.attempts >= 1 && var.attempts <= 10
    error_message = "attempts: 1 to 10."
  }
}

# The fleet

variable "pricing" {
  description = "SPOT or ON_DEMAND, of the GPU instances. Split jobs follow it."
  type        = string
  default     = "SPOT"

  validation {
    condition     = contains(["SPOT", "ON_DEMAND"], var.pricing)
    error_message = "pricing: SPOT or ON_DEMAND."
  }
}

variable "spot_price_percent" {
  description = "Highest spot price, as a part of the price on demand."
  type        = number
  default     = 100

  validation {
    condition     = var.spot_price_percent >= 1 && var.spot_price_percent <= 100
    error_message = "spot_price_percent: 1 to 100."
  }
}

variable "gpu_instance_types" {
  description = "Instance types or families with an NVIDIA GPU, x86-64. Several give spot more to choose from."
  type        = list(string)
  default     = ["g6.xlarge", "g5.xlarge", "g6.2xlarge", "g5.2xlarge"]
  nullable    = false

  validation {
    condition     = length(var.gpu_instance_types) >= 1 && alltrue([for type in var.gpu_instance_types : can(regex("^(g[3-6][a-z]*|p[3-6][a-z0-9-]*)(\\.[a-z0-9-]+)?$", type)) && !startswith(type, "g5g")])
    error_message = "gpu_instance_types: of the families g3 to g6, without g5g, which is no x86-64, and p3 to p6."
  }
}

variable "cpu_instance_types" {
  description = "Instance types or families for split jobs, x86-64; those with a d have NVMe disks."
  type        = list(string)
  default     = ["c6id.large", "m6id.large", "c6id.xlarge", "m6id.xlarge"]

  validation {
    condition     = length(var.cpu_instance_types) >= 1 && alltrue([for type in var.cpu_instance_types : can(regex("^[cmri][0-9][a-z]*(\\.[a-z0-9-]+)?$", type))])
    error_message = "cpu_instance_types: of the families c, m, r and i."
  }
}

variable "max_vcpus" {
  description = "The fleets grow to this many vCPUs and shrink to none. g5.xlarge and g6.xlarge: 4 vCPUs a GPU."
  type        = object({ gpu = optional(number, 32), cpu = optional(number, 16) })
  default     = {}

  validation {
    condition     = var.max_vcpus.gpu >= 1 && var.max_vcpus.gpu <= 10000 && var.max_vcpus.cpu >= 1 && var.max_vcpus.cpu <= 10000
    error_message = "max_vcpus: 1 to 10000 each."
  }
}

variable "gpu_ami_id" {
  description = "Machine image of the GPU instances, to pin the driver: CUDA 13 needs R580 or newer. Null: the newest ECS_AL2023_NVIDIA."
  type        = string
  default     = null

  validation {
    condition     = var.gpu_ami_id == null || can(regex("^ami-[0-9a-f]+$", var.gpu_ami_id))
    error_message = "gpu_ami_id: ami-..., or null."
  }
}

variable "root_disk_gib" {
  description = "Encrypted gp3 disk of an instance. Image layers lie on it, and scratch where the instance has no NVMe disk."
  type        = number
  default     = 100

  validation {
    condition     = var.root_disk_gib >= 40 && var.root_disk_gib <= 16384
    error_message = "root_disk_gib: 40 to 16384."
  }
}

variable "stop_seconds" {
  description = "Seconds between TERM and KILL where ECS drains a spot instance, whose notice is 120 seconds. raki-job needs 10."
  type        = number
  default     = 90

  validation {
    condition     = var.stop_seconds >= 30 && var.stop_seconds <= 110
    error_message = "stop_seconds: 30 to 110."
  }
}

variable "stuck_seconds" {
  description = "A job that cannot start for this long, because there is no capacity or because no instance fits it, is cancelled."
  type        = number
  default     = 14400

  validation {
    condition     = var.stuck_seconds >= 600 && var.stuck_seconds <= 86400
    error_message = "stuck_seconds: 600 to 86400."
  }
}

variable "host_script" {
  description = "Shell lines that run when an instance starts, before any job: those of module fsx."
  type        = string
  default     = ""
}

variable "read_only_mounts" {
  description = "Folders of the host that jobs see under the same path, read-only: /fsx."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for path in var.read_only_mounts : can(regex("^/[A-Za-z0-9_-]+$", path)) && path != "/scratch"])
    error_message = "read_only_mounts: folders at the root, such as /fsx, and not /scratch."
  }
}

variable "log_days" {
  description = "Days that the jobs' logs are kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: one of those CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, ..."
  }
}
