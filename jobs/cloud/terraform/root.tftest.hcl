mock_provider "aws" {
  source = "./mocks"
}

variables {
  name       = "site"
  region     = "eu-central-1"
  network    = { zones = ["eu-central-1a", "eu-central-1b"] }
  lambda_zip = "main.tf" # any file
}

run "the_usual" {
  assert {
    condition     = length(module.network) == 1 && length(module.fsx) == 0 && length(module.gateway) == 0 && length(module.healthimaging) == 0
    error_message = "an option is on by default"
  }
  assert {
    condition     = toset(keys(output.buckets)) == toset(["raw", "prepared", "results"]) && toset(keys(output.job_queue_arns)) == toset(["gpu", "cpu"])
    error_message = "there are not three buckets and two queues"
  }
}

run "everything" {
  variables {
    fsx              = {}
    gateway          = { gateway_arn = "arn:aws:storagegateway:eu-central-1:111122223333:gateway/sgw-1", clients = ["10.1.0.0/16"] }
    healthimaging    = {}
    split_archives   = true
    split_arguments  = ["--set", "method=raki", "--units-per-index", "8"]
    emails           = ["physics@example.org"]
    usd_per_job_hour = { gpu = 1 }
  }
  assert {
    condition     = jsondecode(output.job_definition_json).containerProperties.mountPoints[0] == { sourceVolume = "fsx", containerPath = "/fsx", readOnly = true }
    error_message = "jobs do not see Lustre"
  }
  assert {
    condition     = contains(module.alarms.alarm_names, "site-workflow-healthimaging") && contains(module.alarms.alarm_names, "site-workflow-gateway") && contains(module.alarms.alarm_names, "site-dead-letters-healthimaging")
    error_message = "an option is not watched"
  }
  assert {
    condition     = output.submitter_settings.RAKI_PREPARED == "s3://${output.buckets.prepared}" && output.submitter_settings.RAKI_RESULTS == "s3://${output.buckets.results}"
    error_message = "the submitter does not know the buckets"
  }
}

run "a_network_that_is_there" {
  variables {
    network   = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_id = "sg-1" }
    submitter = "batch"
  }
  assert {
    condition     = length(module.network) == 0 && output.manifest_queue_url == null
    error_message = "a network or a queue is made that nobody asked for"
  }
}

run "refuses" {
  command = plan
  variables {
    network = { zones = ["eu-central-1a"], vpc_id = "vpc-1", subnet_ids = ["subnet-1"], security_group_id = "sg-1" }
    name    = "x"
    region  = "frankfurt"
  }
  expect_failures = [var.network, var.name, var.region]
}
