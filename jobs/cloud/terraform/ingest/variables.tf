variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

variable "buckets" {
  description = "Names of the buckets whose manifests are jobs. EventBridge must be switched on for them (module storage does)."
  type        = set(string)

  validation {
    condition     = length(var.buckets) >= 1 && alltrue([for bucket in var.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "buckets: at least one name of a bucket."
  }
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

variable "submitter" {
  description = "Who turns a manifest into a job. lambda: the function below. daemon: raki-submit on a machine of yours polls the queue. batch: EventBridge itself, without a queue; every manifest becomes a job of direct_array_size."
  type        = string
  default     = "lambda"

  validation {
    condition     = contains(["lambda", "daemon", "batch"], var.submitter)
    error_message = "submitter: lambda, daemon or batch."
  }
}

variable "job_queue_arn" {
  description = "Queue of Batch that gets the jobs."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:batch:.*:job-queue/", var.job_queue_arn))
    error_message = "job_queue_arn: the ARN of a job queue."
  }
}

variable "job_definition_arn" {
  description = "Job definition, without its revision: the newest active one is meant."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:batch:.*:job-definition/[A-Za-z0-9_-]+$", var.job_definition_arn))
    error_message = "job_definition_arn: the ARN of a job definition without :REVISION."
  }
}

variable "results" {
  description = "Where submissions are noted, below it in submitted/, and results of split archives go: s3://bucket/prefix."
  type        = string

  validation {
    condition     = can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*[^/])?$", var.results))
    error_message = "results: s3://bucket or s3://bucket/prefix, without / at its end."
  }
}

variable "split" {
  description = "Archives that arrive in bucket are unpacked by a job of definition_arn in queue_arn, to prepared (s3://bucket/prefix), whose manifest is then a job like others. Null: archives are left alone, and a manifest may name them as inputs. Not where submitter is batch."
  type        = object({ bucket = string, definition_arn = string, queue_arn = string, prepared = string })
  default     = null

  validation {
    condition     = var.split == null || try(contains(var.buckets, var.split.bucket) && contains(var.buckets, split("/", var.split.prepared)[2]), false)
    error_message = "split: bucket, and that of prepared (s3://bucket/prefix), must be among buckets."
  }
  validation {
    condition     = var.split == null || var.submitter != "batch"
    error_message = "split: not where submitter is batch."
  }
}

variable "lambda_zip" {
  description = "The submitter's code: raki-submit --write-lambda-zip FILE. Needed where submitter is lambda."
  type        = string
  default     = null

  validation {
    condition     = var.submitter != "lambda" || var.lambda_zip != null
    error_message = "lambda_zip: the path of a .zip, because submitter is lambda."
  }
}

variable "lambda_runtime" {
  description = "Python of the function; its boto3 must know If-Match."
  type        = string
  default     = "python3.13"

  validation {
    condition     = contains(["python3.12", "python3.13"], var.lambda_runtime)
    error_message = "lambda_runtime: python3.12 or python3.13."
  }
}

variable "lambda_seconds" {
  description = "Time limit of one call of the function. A message becomes visible again after six times as long."
  type        = number
  default     = 60

  validation {
    condition     = var.lambda_seconds >= 30 && var.lambda_seconds <= 900
    error_message = "lambda_seconds: 30 to 900."
  }
}

variable "lambda_memory" {
  description = "Memory of the function in MiB; a manifest has at most a few."
  type        = number
  default     = 256

  validation {
    condition     = var.lambda_memory >= 128 && var.lambda_memory <= 10240
    error_message = "lambda_memory: 128 to 10240."
  }
}

variable "concurrency" {
  description = "Calls of the function at the same time, reserved. Batch takes 50 SubmitJob calls a second from an account."
  type        = number
  default     = 2

  validation {
    condition     = var.concurrency >= 2 && var.concurrency <= 50
    error_message = "concurrency: 2 to 50."
  }
}

variable "batch_size" {
  description = "Messages given to one call of the function."
  type        = number
  default     = 10

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10
    error_message = "batch_size: 1 to 10."
  }
}

variable "receives" {
  description = "A message that failed this many times goes to the dead-letter queue."
  type        = number
  default     = 20

  validation {
    condition     = var.receives >= 1 && var.receives <= 1000
    error_message = "receives: 1 to 1000."
  }
}

variable "direct_array_size" {
  description = "Where submitter is batch: size of every array, 2 to 10000. 0: a plain job, which computes all units."
  type        = number
  default     = 0

  validation {
    condition     = var.direct_array_size == 0 || (var.direct_array_size >= 2 && var.direct_array_size <= 10000)
    error_message = "direct_array_size: 0, or 2 to 10000."
  }
}

variable "log_days" {
  description = "Days that the function's log is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: one of those CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, ..."
  }
}
