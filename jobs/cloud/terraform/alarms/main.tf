# Batch has no metrics of failed jobs. Its events go to a log, and filters of the log count them.

data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  space  = "raki/${var.name}"
  topics = concat(var.topic_arns, aws_sns_topic.this[*].arn)

  # Metric -> which events count. 69 is raki's exit where a host has no usable GPU, or a driver too old.
  counted = {
    failed_jobs = "{ $.detail.status = \"FAILED\" }"
    no_gpu      = "{ $.detail.status = \"FAILED\" && $.detail.container.exitCode = 69 }"
    stuck_jobs  = "{ $.detail-type = \"Batch Job Queue Blocked\" }"
  }

  # One row an alarm: it rings where the metric is above the limit in one period of 300 seconds.
  alarms = merge(
    {
      failed-jobs = { space = local.space, metric = "failed_jobs", stat = "Sum", over = var.failed_jobs - 1, of = {}, text = "Jobs failed. The log of events says which, the log of jobs why." }
      no-gpu      = { space = local.space, metric = "no_gpu", stat = "Sum", over = 0, of = {}, text = "Exit 69: a host without a usable GPU, or with a driver older than the image needs. Every job on it will fail: see gpu_ami_id of module compute." }
      stuck-jobs  = { space = local.space, metric = "stuck_jobs", stat = "Sum", over = 0, of = {}, text = "The first job of a queue cannot start: no capacity, or no instance fits. The event says which." }
    },
    { for key, queue in var.dead_letter_names : "dead-letters-${key}" => {
      space = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", over = 0, of = { QueueName = queue }
      text  = "Messages that led to nothing lie in ${queue}. Each says why, or was received too often."
    } },
    var.manifest_queue_name == null ? {} : { waiting = {
      space = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", stat = "Maximum", over = var.waiting_seconds, of = { QueueName = var.manifest_queue_name }
      text  = "Manifests wait: the submitter does not run, or Batch refuses it."
    } },
    var.function_name == null ? {} : { submitter = {
      space = "AWS/Lambda", metric = "Errors", stat = "Sum", over = 0, of = { FunctionName = var.function_name }
      text  = "The submitter's function ended with an error; its log says which."
    } },
    { for key, arn in var.state_machine_arns : "workflow-${key}" => {
      space = "AWS/States", metric = "ExecutionsFailed", stat = "Sum", over = 0, of = { StateMachineArn = arn }
      text  = "A step after publishing failed: ${arn}."
    } },
  )
}

resource "aws_cloudwatch_log_group" "events" {
  name              = "/aws/events/${var.name}-jobs" # EventBridge may write below /aws/events only
  retention_in_days = var.log_days
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  policy_name = "${var.name}-jobs"

  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventsOfTheseRules"
      Effect    = "Allow"
      Principal = { Service = ["events.amazonaws.com", "delivery.logs.amazonaws.com"] }
      Action    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource  = "${aws_cloudwatch_log_group.events.arn}:*"
    }]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = {
    ended   = { detail-type = ["Batch Job State Change"], detail = { status = ["SUCCEEDED", "FAILED"], jobQueue = values(var.job_queue_arns) } }
    blocked = { detail-type = ["Batch Job Queue Blocked"], detail = { status = ["RUNNABLE"], jobQueue = values(var.job_queue_arns) } }
  }
  name          = "${var.name}-${each.key}"
  description   = "Jobs of the watched queues: ${each.key}"
  event_pattern = jsonencode(merge({ source = ["aws.batch"] }, each.value))
}

resource "aws_cloudwatch_event_target" "this" {
  for_each   = aws_cloudwatch_event_rule.this
  rule       = each.value.name
  arn        = aws_cloudwatch_log_group.events.arn
  depends_on = [aws_cloudwatch_log_resource_policy.events]
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each       = local.counted
  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.events.name
  pattern        = each.value

  metric_transformation {
    name      = each.key
    namespace = local.space
    value     = "1"
  }
}

resource "aws_sns_topic" "this" {
  count = length(var.emails) > 0 ? 1 : 0
  name  = "${var.name}-alarms"
}

resource "aws_sns_topic_policy" "this" {
  count = length(var.emails) > 0 ? 1 : 0
  arn   = aws_sns_topic.this[0].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AlarmsOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this[0].arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
    }]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each  = var.emails
  topic_arn = aws_sns_topic.this[0].arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.text
  namespace           = each.value.space
  metric_name         = each.value.metric
  dimensions          = each.value.of
  statistic           = each.value.stat
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.over
  period              = 300
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics
}
