variable "name" {
  description = "Begins the name of everything made here: 3 to 32 small letters, digits and hyphens."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}[a-z0-9]$", var.name))
    error_message = "name: 3 to 32 small letters, digits and hyphens, a letter first."
  }
}

variable "zones" {
  description = "Availability zones, one subnet each: those that offer the GPU instances wanted (aws ec2 describe-instance-type-offerings --location-type availability-zone)."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 1 && length(var.zones) <= 6 && length(distinct(var.zones)) == length(var.zones)
    error_message = "zones: 1 to 6 different availability zones."
  }
}

variable "cidr" {
  description = "Addresses of the VPC. A sixteenth of them goes to each subnet."
  type        = string
  default     = "10.40.0.0/20"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "cidr: IPv4, /16 to /24."
  }
}

variable "egress" {
  description = "How instances reach ECR, ECS and CloudWatch Logs. endpoints: interface endpoints, nothing reaches the internet. nat: one NAT gateway. S3 always goes through the gateway endpoint, which costs nothing."
  type        = string
  default     = "endpoints"

  validation {
    condition     = contains(["endpoints", "nat"], var.egress)
    error_message = "egress: endpoints or nat."
  }
}

variable "interface_services" {
  description = "Services with an interface endpoint, where egress is endpoints. The default is what Batch's instances need."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"]

  validation {
    condition     = alltrue([for service in var.interface_services : can(regex("^[a-z0-9.-]+$", service))])
    error_message = "interface_services: names such as ecr.api, without com.amazonaws.REGION."
  }
}

variable "bucket_accounts" {
  description = "Accounts besides this one whose buckets may be reached through the S3 endpoint."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.bucket_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "bucket_accounts: account ids of 12 digits."
  }
}
