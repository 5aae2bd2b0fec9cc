# Hours come from the events: from the last attempt's start of a job to its end. Attempts that were lost before are not in them.

locals {
  hours = "(detail.stoppedAt - detail.startedAt) / 3600000"
  # A job, and not the array that it is an index of.
  jobs = "filter ispresent(detail.startedAt) and ispresent(detail.stoppedAt) and not ispresent(detail.arrayProperties.size)"

  tables = { for queue, arn in var.job_queue_arns : queue => join(" | ", [
    "SOURCE '${aws_cloudwatch_log_group.events.name}'",
    local.jobs,
    "filter detail.jobQueue = '${arn}'",
    "stats count(*) as jobs, sum(${local.hours}) as hours${contains(keys(var.usd_per_job_hour), queue) ? ", sum(${local.hours}) * ${var.usd_per_job_hour[queue]} as usd" : ""} by bin(1d) as day",
    "sort day desc",
  ]) }

  widgets = concat(
    [
      { type = "alarm", properties = { title = "Alarms", alarms = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn] } },
      { type = "metric", properties = { title = "Jobs", region = data.aws_region.here.name, stat = "Sum", period = 300, metrics = [for metric in keys(local.counted) : [local.space, metric]] } },
    ],
    [for queue, table in local.tables : { type = "log", properties = { title = "Cost of ${queue}, a day", region = data.aws_region.here.name, query = table, view = "table" } }],
    var.manifest_queue_name == null ? [] : [{ type = "metric", properties = {
      title   = "Manifests waiting", region = data.aws_region.here.name, stat = "Maximum", period = 300
      metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.manifest_queue_name]]
    } }],
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [for i, widget in local.widgets : merge(widget, { x = 12 * (i % 2), y = 6 * floor(i / 2), width = 12, height = 6 })]
  })
}
