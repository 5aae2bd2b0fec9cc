mock_provider "aws" {
  source = "../mocks"
}

variables {
  name               = "site"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_ids = ["sg-1"]
  buckets            = { raw = "site-raw", prepared = "site-prepared", results = "site-results" }
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/0"
}

run "fleet" {
  assert {
    condition     = alltrue([for fleet in aws_batch_compute_environment.this : fleet.compute_resources[0].min_vcpus == 0 && fleet.compute_resources[0].type == "SPOT" && fleet.compute_resources[0].allocation_strategy == "SPOT_PRICE_CAPACITY_OPTIMIZED"])
    error_message = "a fleet does not shrink to nothing, or is not spot"
  }
  assert {
    condition     = { for kind, fleet in aws_batch_compute_environment.this : kind => fleet.compute_resources[0].ec2_configuration[0].image_type } == { gpu = "ECS_AL2023_NVIDIA", cpu = "ECS_AL2023" }
    error_message = "machine images are not named"
  }
  assert {
    condition     = alltrue([for fleet in aws_batch_compute_environment.this : fleet.update_policy[0].terminate_jobs_on_update == false])
    error_message = "a change of the fleet ends running jobs"
  }
  assert {
    condition     = alltrue([for queue in aws_batch_job_queue.this : length(queue.job_state_time_limit_action) == 3 && alltrue([for action in queue.job_state_time_limit_action : action.action == "CANCEL" && action.state == "RUNNABLE" && action.max_time_seconds == 14400])])
    error_message = "jobs can be stuck for ever"
  }
  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1 && aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted == "true"
    error_message = "IMDSv1 is answered, or a disk is not encrypted"
  }
  assert {
    condition     = base64decode(aws_launch_template.this.user_data) == output.user_data && strcontains(output.user_data, "\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\nECS_CONTAINER_STOP_TIMEOUT=90s\n")
    error_message = "a spot instance is not drained"
  }
  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "images can be replaced, or are not scanned"
  }
  assert {
    condition     = aws_cloudwatch_log_group.jobs.retention_in_days == 90
    error_message = "logs are kept for ever"
  }
}

run "on_demand" {
  variables {
    pricing    = "ON_DEMAND"
    gpu_ami_id = "ami-0123"
  }
  assert {
    condition     = alltrue([for fleet in aws_batch_compute_environment.this : fleet.compute_resources[0].type == "EC2" && fleet.compute_resources[0].allocation_strategy == "BEST_FIT_PROGRESSIVE" && fleet.compute_resources[0].bid_percentage == null])
    error_message = "the fleet is not on demand"
  }
  assert {
    condition     = aws_batch_compute_environment.this["gpu"].compute_resources[0].ec2_configuration[0].image_id_override == "ami-0123" && aws_batch_compute_environment.this["cpu"].compute_resources[0].ec2_configuration[0].image_id_override != "ami-0123"
    error_message = "the machine image is not the one given, or that of the other fleet too"
  }
}

run "definitions" {
  assert {
    condition = jsondecode(output.job_definition_json).retryStrategy == {
      attempts = 5
      evaluateOnExit = [
        { action = "RETRY", onStatusReason = "Host EC2*" },
        { action = "RETRY", onReason = "CannotPull*" },
        { action = "RETRY", onExitCode = "75" },
        { action = "RETRY", onExitCode = "137" },
        { action = "EXIT", onReason = "*" },
      ]
    }
    error_message = "other ends than a lost host, a failed pull, 75 and 137 are tried again, or these are not"
  }
  assert {
    condition     = [for rule in aws_batch_job_definition.this["gpu"].retry_strategy[0].evaluate_on_exit : coalesce(rule.on_exit_code, rule.on_reason, rule.on_status_reason)] == ["Host EC2*", "CannotPull*", "75", "137", "*"]
    error_message = "the resource is not what the output says"
  }
  assert {
    condition     = jsondecode(aws_batch_job_definition.this["gpu"].container_properties) == jsondecode(output.job_definition_json).containerProperties && jsondecode(aws_batch_job_definition.this["cpu"].container_properties) == jsondecode(output.split_job_definition_json).containerProperties
    error_message = "the resource is not what the output says"
  }
  assert {
    condition     = jsondecode(output.job_definition_json).containerProperties.command == ["run", "Ref::manifest"]
    error_message = "the command is not raki-job run with the manifest"
  }
  assert {
    condition     = jsondecode(output.split_job_definition_json).containerProperties.command == ["split", "Ref::archive", "--etag", "Ref::etag", "--output", "Ref::output", "--results", "Ref::results"]
    error_message = "the command is not raki-job split with the parameters of raki-submit"
  }
  assert {
    condition     = { for one in jsondecode(output.job_definition_json).containerProperties.environment : one.name => one.value } == { AWS_REGION = "eu-central-1", RAKI_STOP_AFTER = "14400" }
    error_message = "the container does not know its region, or not when to stop by itself"
  }
  assert {
    condition = alltrue([for definition in [jsondecode(output.job_definition_json), jsondecode(output.split_job_definition_json)] :
      definition.containerProperties.readonlyRootFilesystem && !definition.containerProperties.privileged && definition.containerProperties.user == "10001:10001"
    && definition.containerProperties.linuxParameters.initProcessEnabled && definition.timeout.attemptDurationSeconds == 21600])
    error_message = "a container is root, may write to its image, does not get TERM or has no time limit"
  }
  assert {
    condition     = jsondecode(output.job_definition_json).containerProperties.mountPoints == [{ sourceVolume = "scratch", containerPath = "/scratch", readOnly = false }]
    error_message = "scratch is not the one place to write to"
  }
  assert {
    condition     = { for need in jsondecode(output.job_definition_json).containerProperties.resourceRequirements : need.type => need.value } == { VCPU = "4", MEMORY = "14336", GPU = "1" } && { for need in jsondecode(output.split_job_definition_json).containerProperties.resourceRequirements : need.type => need.value } == { VCPU = "2", MEMORY = "3072" }
    error_message = "the reconstruction asks for no GPU, or the split step for one"
  }
}

run "lustre_and_a_foreign_image" {
  variables {
    image            = "registry.example.org/raki@sha256:0000"
    host_script      = "mount -t lustre fs@tcp:/x /fsx"
    read_only_mounts = ["/fsx"]
  }
  assert {
    condition     = jsondecode(output.job_definition_json).containerProperties.mountPoints == [{ sourceVolume = "fsx", containerPath = "/fsx", readOnly = true }, { sourceVolume = "scratch", containerPath = "/scratch", readOnly = false }] && strcontains(output.user_data, "mount -t lustre fs@tcp:/x /fsx")
    error_message = "Lustre is not mounted, or not read-only"
  }
  assert {
    condition     = jsondecode(output.job_definition_json).containerProperties.image == var.image
    error_message = "the given image is not used"
  }
}

run "rights" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.job.policy).Statement : statement.Sid => statement.Resource } == {
      ListRaw         = "arn:aws:s3:::site-raw"
      ListPrepared    = "arn:aws:s3:::site-prepared"
      ListResults     = "arn:aws:s3:::site-results"
      ReadRaw         = "arn:aws:s3:::site-raw/*"
      ReadPrepared    = "arn:aws:s3:::site-prepared/*"
      KnowWhatIsDone  = "arn:aws:s3:::site-results/*/_SUCCESS.json"
      WriteResults    = "arn:aws:s3:::site-results/*"
      KeyOfTheBuckets = var.kms_key_arn
    }
    error_message = "the job reaches something else than its buckets"
  }
  assert {
    condition     = !strcontains(join("", [aws_iam_role_policy.job.policy, aws_iam_role_policy.split.policy]), "Delete") && !strcontains(aws_iam_role_policy.split.policy, "site-results")
    error_message = "a job may delete, or the split step may touch results"
  }
}

run "refuses" {
  command = plan
  variables {
    attempts           = 11
    job_seconds        = 59
    stop_seconds       = 120
    stuck_seconds      = 60
    image_tag          = "latest"
    user               = { uid = 0, gid = 0 }
    gpu_instance_types = ["g5g.xlarge"]
    command            = ["run"]
    split_command      = ["split", "Ref::archive"]
    environment        = { AWS_BATCH_JOB_ID = "x" }
    gpu_job            = { shared_memory_mib = 20000 }
    read_only_mounts   = ["/scratch"]
  }
  expect_failures = [var.attempts, var.job_seconds, var.stop_seconds, var.stuck_seconds, var.image_tag, var.user, var.gpu_instance_types, var.command, var.split_command,
  var.environment, var.gpu_job, var.read_only_mounts]
}
