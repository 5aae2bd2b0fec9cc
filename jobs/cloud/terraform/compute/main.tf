# Repository, instances, queues. The jobs are in definitions.tf, the rights in roles.tf.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  kinds = {
    gpu = { types = var.gpu_instance_types, image_type = "ECS_AL2023_NVIDIA", ami = var.gpu_ami_id, max = var.max_vcpus.gpu }
    cpu = { types = var.cpu_instance_types, image_type = "ECS_AL2023", ami = null, max = var.max_vcpus.cpu }
  }
  spot = var.pricing == "SPOT"

  # Reasons for which a job may wait for ever; the texts are Batch's.
  stuck = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"           = "no instance of these types is to be had"
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE" = "the job asks for more vCPUs than the fleet may have"
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT"         = "no instance of these types is large enough"
  }

  user_data = templatefile("${path.module}/user_data.mime", {
    stop_seconds = var.stop_seconds
    uid          = var.user.uid
    gid          = var.user.gid
    scratch      = local.scratch
    host_script  = var.host_script
  })
}

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "the newest ${var.kept_images}"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "Encrypted disk, IMDSv2, scratch on NVMe, spot draining"
  update_default_version = true
  user_data              = base64encode(local.user_data)

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # a container behind a bridge cannot take the instance's role
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size           = var.root_disk_gib
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = var.name }
  }

  tag_specifications {
    resource_type = "volume"
    tags          = { Name = var.name }
  }
}

resource "aws_batch_compute_environment" "this" {
  for_each                        = local.kinds
  compute_environment_name_prefix = "${var.name}-${each.key}-"
  type                            = "MANAGED"

  compute_resources {
    type                = local.spot ? "SPOT" : "EC2"
    allocation_strategy = local.spot ? "SPOT_PRICE_CAPACITY_OPTIMIZED" : "BEST_FIT_PROGRESSIVE"
    bid_percentage      = local.spot ? var.spot_price_percent : null
    min_vcpus           = 0
    max_vcpus           = each.value.max
    instance_type       = each.value.types
    instance_role       = aws_iam_instance_profile.instance.arn
    subnets             = var.subnet_ids
    security_group_ids  = var.security_group_ids

    ec2_configuration {
      image_type        = each.value.image_type
      image_id_override = each.value.ami
    }

    launch_template {
      launch_template_id = aws_launch_template.this.id
      version            = aws_launch_template.this.latest_version
    }
  }

  # A change of the launch template or image replaces instances; jobs on them get the time that any job gets.
  update_policy {
    job_execution_timeout_minutes = min(360, ceil(var.job_seconds / 60)) # its longest
    terminate_jobs_on_update      = false
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [compute_resources[0].desired_vcpus] # Batch's own business
  }

  depends_on = [aws_iam_role_policy.instance]
}

resource "aws_batch_job_queue" "this" {
  for_each = local.kinds
  name     = "${var.name}-${each.key}"
  state    = "ENABLED"
  priority = 1

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this[each.key].arn
  }

  dynamic "job_state_time_limit_action" {
    for_each = local.stuck
    content {
      action           = "CANCEL"
      state            = "RUNNABLE"
      reason           = job_state_time_limit_action.key
      max_time_seconds = var.stuck_seconds
    }
  }
}

resource "aws_cloudwatch_log_group" "jobs" {
  name              = "/raki/${var.name}"
  retention_in_days = var.log_days
}
