# The two job definitions, written once, as RegisterJobDefinition takes them: the resources below and raki-batch-local read the same text.

locals {
  scratch = "/scratch"
  image   = var.image != null ? var.image : "${aws_ecr_repository.this.repository_url}:${var.image_tag}"

  jobs = {
    gpu = { name = var.name, command = var.command, size = var.gpu_job, gpus = var.gpu_job.gpus, role = aws_iam_role.job.arn }
    cpu = { name = "${var.name}-split", command = concat(var.split_command, var.split_arguments), size = var.cpu_job, gpus = 0, role = aws_iam_role.split.arn }
  }

  # At most five entries; what matches none would be retried, hence the last. 75 is all that may pass by itself; 137 is a killed
  # entry point, mostly for memory that others took: results are whole all the same, and a repeat does the rest.
  retry = [
    { action = "RETRY", onStatusReason = "Host EC2*" },
    { action = "RETRY", onReason = "CannotPull*" },
    { action = "RETRY", onExitCode = "75" },
    { action = "RETRY", onExitCode = "137" },
    { action = "EXIT", onReason = "*" },
  ]

  # The image itself points HOME and TMPDIR to /scratch. A reconstruction that is through two thirds of its time begins no further unit: Batch
  # retries a job that ends by itself, and not one that it had to stop.
  environment = {
    gpu = merge({ AWS_REGION = data.aws_region.here.name, RAKI_STOP_AFTER = tostring(floor(var.job_seconds * 2 / 3)) }, var.environment)
    cpu = merge({ AWS_REGION = data.aws_region.here.name }, var.environment)
  }
  mounts = merge({ scratch = local.scratch }, { for path in var.read_only_mounts : trimprefix(path, "/") => path })

  definitions = { for kind, job in local.jobs : kind => {
    jobDefinitionName    = job.name
    type                 = "container"
    platformCapabilities = ["EC2"]
    propagateTags        = true
    retryStrategy        = { attempts = var.attempts, evaluateOnExit = local.retry }
    timeout              = { attemptDurationSeconds = var.job_seconds }

    containerProperties = {
      image                  = local.image
      command                = job.command
      user                   = "${var.user.uid}:${var.user.gid}"
      privileged             = false
      readonlyRootFilesystem = true
      jobRoleArn             = job.role
      executionRoleArn       = aws_iam_role.execution.arn
      environment            = [for key, value in local.environment[kind] : { name = key, value = value }]
      volumes                = [for name, path in local.mounts : { name = name, host = { sourcePath = path } }]
      mountPoints            = [for name, path in local.mounts : { sourceVolume = name, containerPath = path, readOnly = path != local.scratch }]

      linuxParameters = {
        initProcessEnabled = true # TERM reaches the job, whatever it does with it
        sharedMemorySize   = job.size.shared_memory_mib
        tmpfs              = [{ containerPath = "/tmp", size = 64, mountOptions = ["rw", "nodev", "nosuid", "noexec"] }]
      }

      resourceRequirements = concat(
        [{ type = "VCPU", value = tostring(job.size.vcpus) }, { type = "MEMORY", value = tostring(job.size.memory_mib) }],
        job.gpus > 0 ? [{ type = "GPU", value = tostring(job.gpus) }] : []
      )

      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.jobs.name
          awslogs-region        = data.aws_region.here.name
          awslogs-stream-prefix = kind
        }
      }
    }
  } }
}

resource "aws_batch_job_definition" "this" {
  for_each              = local.definitions
  name                  = each.value.jobDefinitionName
  type                  = each.value.type
  platform_capabilities = each.value.platformCapabilities
  propagate_tags        = each.value.propagateTags
  container_properties  = jsonencode(each.value.containerProperties)

  retry_strategy {
    attempts = each.value.retryStrategy.attempts

    dynamic "evaluate_on_exit" {
      for_each = each.value.retryStrategy.evaluateOnExit
      content {
        action           = evaluate_on_exit.value.action
        on_status_reason = try(evaluate_on_exit.value.onStatusReason, null)
        on_reason        = try(evaluate_on_exit.value.onReason, null)
        on_exit_code     = try(evaluate_on_exit.value.onExitCode, null)
      }
    }
  }

  timeout {
    attempt_duration_seconds = each.value.timeout.attemptDurationSeconds
  }
}
