variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

variable "job_queue_arns" {
  description = "Queues of Batch that are watched, under names for people."
  type        = map(string)

  validation {
    condition     = length(var.job_queue_arns) >= 1 && alltrue([for arn in var.job_queue_arns : can(regex("^arn:[a-z-]+:batch:.*:job-queue/", arn))])
    error_message = "job_queue_arns: at least one ARN of a job queue."
  }
}

variable "dead_letter_names" {
  description = "Names of dead-letter queues: an alarm for each that is not empty. The keys are names for people."
  type        = map(string)
  default     = {}
}

variable "manifest_queue_name" {
  description = "Queue of manifests, whose oldest message shows that the submitter stands still. Null: not watched."
  type        = string
  default     = null
}

variable "function_name" {
  description = "The submitter's function, whose errors are an alarm. Null: not watched."
  type        = string
  default     = null
}

variable "state_machine_arns" {
  description = "State machines whose failures are an alarm (modules gateway and healthimaging). The keys are names for people."
  type        = map(string)
  default     = {}
}

variable "topic_arns" {
  description = "SNS topics that get the alarms, besides the addresses of emails."
  type        = list(string)
  default     = []
}

variable "emails" {
  description = "Addresses that get the alarms; each must confirm once."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "emails: addresses."
  }
}

variable "failed_jobs" {
  description = "So many failed jobs within five minutes are an alarm. An array counts its indices and itself."
  type        = number
  default     = 1

  validation {
    condition     = var.failed_jobs >= 1 && var.failed_jobs <= 10000
    error_message = "failed_jobs: 1 to 10000."
  }
}

variable "waiting_seconds" {
  description = "A manifest that waits longer than this for the submitter is an alarm."
  type        = number
  default     = 900

  validation {
    condition     = var.waiting_seconds >= 60 && var.waiting_seconds <= 345600
    error_message = "waiting_seconds: 60 to 345600."
  }
}

variable "usd_per_job_hour" {
  description = "What an hour of a job costs, under the names of job_queue_arns: price of the instance divided by the jobs it holds. Without it the dashboard shows hours only."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for queue, price in var.usd_per_job_hour : price >= 0 && contains(keys(var.job_queue_arns), queue)])
    error_message = "usd_per_job_hour: prices of 0 or more, under names of job_queue_arns."
  }
}

variable "log_days" {
  description = "Days that the events of jobs are kept. They name the manifest of each job."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: one of those CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, ..."
  }
}
