# A manifest, or an archive to be split, arrives in a bucket -> EventBridge -> SQS -> submitter -> Batch. What cannot be submitted lies in the dead-letter queue.

data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  queued      = var.submitter != "batch"
  bucket_arns = [for bucket in var.buckets : "arn:${data.aws_partition.here.partition}:s3:::${bucket}"]

  # What is seen: manifests anywhere; archives, where they are split, in one bucket. The endings are those of raki_submit and raki_cloud.
  seen = merge(
    { manifest = { bucket = { name = sort(var.buckets) }, object = { key = [{ suffix = ".manifest.json" }] } } },
    { for split in var.split[*] : "archive" => {
      bucket = { name = [split.bucket] }
      object = { key = [for ending in ["tar", "tar.gz", "tgz", "tar.zst", "zip"] : { suffix = { equals-ignore-case = ".${ending}" } }] }
    } },
  )

  definition_arns = concat([var.job_definition_arn], var.split[*].definition_arn)
  submit = {
    # Why *: the stars stand for the revisions of these job definitions.
    Sid      = "SubmitTheseDefinitions"
    Effect   = "Allow"
    Action   = "batch:SubmitJob"
    Resource = concat([var.job_queue_arn], var.split[*].queue_arn, local.definition_arns, [for arn in local.definition_arns : "${arn}:*"])
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each      = local.seen
  name          = "${var.name}-${each.key}"
  description   = "A new ${each.key}"
  event_pattern = jsonencode({ source = ["aws.s3"], detail-type = ["Object Created"], detail = each.value })
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-dead"
  message_retention_seconds = 1209600 # 14 days, the longest there is
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "manifests" {
  count                      = local.queued ? 1 : 0
  name                       = "${var.name}-manifests"
  message_retention_seconds  = 345600
  visibility_timeout_seconds = 6 * var.lambda_seconds # as AWS advises for event sources of Lambda
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.receives
  })
}

resource "aws_sqs_queue_policy" "this" {
  for_each  = merge({ dead = aws_sqs_queue.dead }, local.queued ? { manifests = aws_sqs_queue.manifests[0] } : {})
  queue_url = each.value.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventsOfTheseRules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = { ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.this : rule.arn] } }
      },
      {
        # Why *: a Deny is the stricter the wider it is.
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = { for kind, rule in aws_cloudwatch_event_rule.this : kind => rule.name if local.queued }
  rule     = each.value
  arn      = aws_sqs_queue.manifests[0].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

# Without a queue: EventBridge submits, with the manifest's address as the job's parameter.
resource "aws_cloudwatch_event_target" "batch" {
  count    = local.queued ? 0 : 1
  rule     = aws_cloudwatch_event_rule.this["manifest"].name
  arn      = var.job_queue_arn
  role_arn = aws_iam_role.events[0].arn

  batch_target {
    job_definition = var.job_definition_arn
    job_name       = var.name
    array_size     = var.direct_array_size == 0 ? null : var.direct_array_size
  }

  input_transformer {
    input_paths    = { bucket = "$.detail.bucket.name", key = "$.detail.object.key" }
    input_template = "{\"Parameters\": {\"manifest\": \"s3://<bucket>/<key>\"}}"
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}

resource "aws_iam_role" "events" {
  count = local.queued ? 0 : 1
  name  = "${var.name}-events"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventsOfThisRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.this["manifest"].arn } }
    }]
  })
}

resource "aws_iam_role_policy" "events" {
  count  = local.queued ? 0 : 1
  name   = "submit"
  role   = aws_iam_role.events[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = [local.submit] })
}
