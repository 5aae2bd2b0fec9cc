mock_provider "aws" {
  source = "../mocks"
}

variables {
  name                = "site"
  job_queue_arns      = { gpu = "arn:aws:batch:eu-central-1:111122223333:job-queue/site-gpu", cpu = "arn:aws:batch:eu-central-1:111122223333:job-queue/site-cpu" }
  dead_letter_names   = { ingest = "site-dead" }
  manifest_queue_name = "site-manifests"
  function_name       = "site-submit"
  state_machine_arns  = { gateway = "arn:aws:states:eu-central-1:111122223333:stateMachine:site-refresh" }
  emails              = ["physics@example.org"]
  usd_per_job_hour    = { gpu = 0.5 }
}

run "what_goes_wrong_rings" {
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["failed-jobs", "no-gpu", "stuck-jobs", "dead-letters-ingest", "waiting", "submitter", "workflow-gateway"])
    error_message = "an alarm is missing"
  }
  assert {
    condition     = alltrue([for key, alarm in aws_cloudwatch_metric_alarm.this : alarm.threshold == (key == "waiting" ? 900 : 0) && alarm.comparison_operator == "GreaterThanThreshold" && alarm.alarm_actions == toset([aws_sns_topic.this[0].arn])])
    error_message = "an alarm does not ring at once, or nobody hears it"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["no_gpu"].pattern == "{ $.detail.status = \"FAILED\" && $.detail.container.exitCode = 69 }"
    error_message = "exit 69 is not counted"
  }
  assert {
    condition     = alltrue([for key, metric in { failed-jobs = "failed_jobs", no-gpu = "no_gpu", stuck-jobs = "stuck_jobs" } : aws_cloudwatch_metric_alarm.this[key].metric_name == aws_cloudwatch_log_metric_filter.this[metric].metric_transformation[0].name && aws_cloudwatch_metric_alarm.this[key].namespace == aws_cloudwatch_log_metric_filter.this[metric].metric_transformation[0].namespace])
    error_message = "an alarm watches a metric that nothing counts"
  }
  assert {
    condition     = alltrue([for rule in aws_cloudwatch_event_rule.this : toset(jsondecode(rule.event_pattern).detail.jobQueue) == toset(values(var.job_queue_arns))])
    error_message = "a queue is not watched"
  }
}

run "cost" {
  assert {
    condition     = [for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : widget.properties.title] == ["Alarms", "Jobs", "Cost of cpu, a day", "Cost of gpu, a day", "Manifests waiting"]
    error_message = "a widget is missing"
  }
  assert {
    condition     = strcontains(local.tables.gpu, "* 0.5 as usd") && !strcontains(local.tables.cpu, "usd") && strcontains(local.tables.cpu, "job-queue/site-cpu'")
    error_message = "cost is not hours times the given price, or a price is invented"
  }
}

run "little_to_watch" {
  variables {
    dead_letter_names   = {}
    manifest_queue_name = null
    function_name       = null
    state_machine_arns  = {}
    emails              = []
    usd_per_job_hour    = {}
    failed_jobs         = 10
  }
  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.this)) == toset(["failed-jobs", "no-gpu", "stuck-jobs"]) && aws_cloudwatch_metric_alarm.this["failed-jobs"].threshold == 9 && length(aws_sns_topic.this) == 0
    error_message = "something is watched that is not there"
  }
}

run "refuses" {
  command = plan
  variables {
    usd_per_job_hour = { tpu = 1 }
    emails           = ["nobody"]
    log_days         = 2
    waiting_seconds  = 1
  }
  expect_failures = [var.usd_per_job_hour, var.emails, var.log_days, var.waiting_seconds]
}
