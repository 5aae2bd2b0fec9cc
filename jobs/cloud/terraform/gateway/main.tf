# The results bucket as a read-only NFS share in the hospital, and the refresh that makes new results visible.
#
# A gateway does at most two refreshes at a time, and a run of 10,000 units publishes 10,000 times. So each event becomes the same
# message in a FIFO queue that drops repeats for 300 seconds and delivers after at least 300: one refresh for all that was published
# meanwhile, and none is missed, because a message is still waiting when a repeat of it is dropped.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  bucket_arn = "arn:${data.aws_partition.here.partition}:s3:::${var.bucket}"
  account    = data.aws_caller_identity.here.account_id
}

resource "aws_iam_role" "share" {
  name = "${var.name}-share"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ThisGateway"
      Effect    = "Allow"
      Principal = { Service = "storagegateway.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account, "aws:SourceArn" = var.gateway_arn } }
    }]
  })
}

resource "aws_iam_role_policy" "share" {
  name = "read"
  role = aws_iam_role.share.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      { Sid = "ListResults", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketVersions"], Resource = local.bucket_arn },
      { Sid = "ReadResults", Effect = "Allow", Action = ["s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectVersion"], Resource = "${local.bucket_arn}/*" },
      ], var.kms_key_arn == null ? [] : [{
        Sid       = "KeyOfTheBucket"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } }
    }])
  })
}

resource "aws_storagegateway_nfs_file_share" "results" {
  file_share_name = var.name
  gateway_arn     = var.gateway_arn
  location_arn    = local.bucket_arn
  role_arn        = aws_iam_role.share.arn
  client_list     = var.clients
  read_only       = true
  squash          = "AllSquash"
  kms_encrypted   = var.kms_key_arn != null
  kms_key_arn     = var.kms_key_arn
  depends_on      = [aws_iam_role_policy.share]
}

resource "aws_cloudwatch_event_rule" "published" {
  name        = "${var.name}-published"
  description = "A unit's results are complete"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.bucket] }, object = { key = [{ suffix = "/_SUCCESS.json" }] } }
  })
}

resource "aws_sqs_queue" "refresh" {
  name                        = "${var.name}-refresh.fifo"
  fifo_queue                  = true
  content_based_deduplication = true
  delay_seconds               = var.refresh_seconds
  message_retention_seconds   = 3600
  sqs_managed_sse_enabled     = true
}

resource "aws_sqs_queue_policy" "refresh" {
  queue_url = aws_sqs_queue.refresh.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventsOfThisRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.refresh.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.published.arn } }
      },
      {
        # Why *: a Deny is the stricter the wider it is.
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.refresh.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_target" "refresh" {
  rule  = aws_cloudwatch_event_rule.published.name
  arn   = aws_sqs_queue.refresh.arn
  input = jsonencode({ refresh = var.name }) # always the same: that is what makes it a repeat

  sqs_target {
    message_group_id = "refresh"
  }
}

resource "aws_pipes_pipe" "refresh" {
  name     = "${var.name}-refresh"
  role_arn = aws_iam_role.pipe.arn
  source   = aws_sqs_queue.refresh.arn
  target   = aws_sfn_state_machine.refresh.arn

  source_parameters {
    sqs_queue_parameters {
      batch_size = 1
    }
  }

  target_parameters {
    step_function_state_machine_parameters {
      invocation_type = "FIRE_AND_FORGET"
    }
  }

  depends_on = [aws_iam_role_policy.pipe]
}

resource "aws_iam_role" "pipe" {
  name = "${var.name}-pipe"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PipesOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "pipes.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "pipe" {
  name = "pass-on"
  role = aws_iam_role.pipe.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "TakeMessages", Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = aws_sqs_queue.refresh.arn },
      { Sid = "StartRefresh", Effect = "Allow", Action = "states:StartExecution", Resource = aws_sfn_state_machine.refresh.arn },
    ]
  })
}

resource "aws_sfn_state_machine" "refresh" {
  name       = "${var.name}-refresh"
  role_arn   = aws_iam_role.refresh.arn
  depends_on = [aws_iam_role_policy.refresh]

  definition = jsonencode({
    Comment = "One call, repeated while the gateway is busy with two others"
    StartAt = "Refresh"
    States = { Refresh = {
      Type       = "Task"
      Resource   = "arn:${data.aws_partition.here.partition}:states:::aws-sdk:storagegateway:refreshCache"
      Parameters = { FileShareARN = aws_storagegateway_nfs_file_share.results.arn, FolderList = ["/"], Recursive = true }
      Retry      = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 60, BackoffRate = 2, MaxAttempts = 6 }]
      End        = true
    } }
  })
}

resource "aws_iam_role" "refresh" {
  name = "${var.name}-refresh"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "StateMachinesOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "states.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "refresh" {
  name = "refresh"
  role = aws_iam_role.refresh.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "RefreshThisShare", Effect = "Allow", Action = "storagegateway:RefreshCache", Resource = aws_storagegateway_nfs_file_share.results.arn }]
  })
}
