# What a site must decide, and what most sites change. All else: the variables of the modules, in main.tf.

variable "name" {
  description = "Begins the name of everything: 3 to 24 small letters, digits and hyphens. The buckets' names, NAME-raw and so on, are unique in the world: put the site into it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "region" {
  description = "Region of everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: such as eu-central-1."
  }
}

variable "tags" {
  description = "Tags of everything, besides project = NAME."
  type        = map(string)
  default     = {}
}

variable "network" {
  description = "A network to make (zones, and perhaps cidr and egress: module network), or one that is there (vpc_id, subnet_ids, security_group_id)."
  type = object({
    zones             = optional(list(string))
    cidr              = optional(string, "10.40.0.0/20")
    egress            = optional(string, "endpoints")
    vpc_id            = optional(string)
    subnet_ids        = optional(list(string))
    security_group_id = optional(string)
  })

  validation {
    condition     = (var.network.zones != null) != (var.network.vpc_id != null && var.network.subnet_ids != null && var.network.security_group_id != null)
    error_message = "network: either zones, or vpc_id with subnet_ids and security_group_id."
  }
}

variable "image" {
  description = "Image of the jobs. Null: image_tag of the ECR repository made here."
  type        = string
  default     = null
}

variable "image_tag" {
  description = "Tag in the ECR repository made here; pushed once, never moved."
  type        = string
  default     = "1"
}

variable "submitter" {
  description = "lambda, daemon or batch: module ingest."
  type        = string
  default     = "lambda"
}

variable "split_archives" {
  description = "Archives that arrive in the raw bucket are unpacked by jobs on CPUs into units. False: archives are left alone, and a manifest may name them as inputs."
  type        = bool
  default     = false
}

variable "split_arguments" {
  description = "Options of raki-job split for all archives, word by word: --set, method=raki, --units-per-index, 8."
  type        = list(string)
  default     = []
}

variable "lambda_zip" {
  description = "The submitter's code: raki-submit --write-lambda-zip FILE. Needed where submitter is lambda."
  type        = string
  default     = null
}

variable "results_prefix" {
  description = "Where in the results bucket submissions are noted and results of split archives go. Other results go where their manifest says."
  type        = string
  default     = ""

  validation {
    condition     = var.results_prefix == "" || can(regex("^[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]$", var.results_prefix))
    error_message = "results_prefix: empty, or a prefix without / at its ends."
  }
}

variable "pricing" {
  description = "SPOT or ON_DEMAND."
  type        = string
  default     = "SPOT"
}

variable "gpu_instance_types" {
  description = "Instance types of the GPU fleet. Null: those of module compute."
  type        = list(string)
  default     = null
}

variable "max_vcpus" {
  description = "Sizes to which the fleets may grow, in vCPUs."
  type        = object({ gpu = optional(number, 32), cpu = optional(number, 16) })
  default     = {}
}

variable "fsx" {
  description = "A Lustre file system over the raw bucket (module fsx). Null: none, which is right unless many jobs read the same data."
  type        = object({ storage_gib = optional(number, 1200), deployment = optional(string, "SCRATCH_2") })
  default     = null
}

variable "gateway" {
  description = "An NFS share of the results in the hospital (module gateway). Null: none."
  type        = object({ gateway_arn = string, clients = set(string) })
  default     = null
}

variable "healthimaging" {
  description = "Results are imported into HealthImaging (module healthimaging). Null: they are not."
  type        = object({ datastore_id = optional(string) })
  default     = null
}

variable "emails" {
  description = "Addresses that get the alarms."
  type        = set(string)
  default     = []
}

variable "usd_per_job_hour" {
  description = "Prices for the dashboard, of queues gpu and cpu: module alarms."
  type        = map(number)
  default     = {}
}

variable "force_destroy" {
  description = "Destroying deletes all data. For trials only."
  type        = bool
  default     = false
}
