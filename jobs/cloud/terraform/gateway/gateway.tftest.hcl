mock_provider "aws" {
  source = "../mocks"
}

variables {
  name        = "site"
  bucket      = "site-results"
  gateway_arn = "arn:aws:storagegateway:eu-central-1:111122223333:gateway/sgw-1"
  clients     = ["10.1.0.0/16", "10.2.0.7"]
}

run "hospitals_read" {
  assert {
    condition     = aws_storagegateway_nfs_file_share.results.read_only && !can(regex("Put|Delete", aws_iam_role_policy.share.policy))
    error_message = "the share can be written to"
  }
}

run "a_burst_is_one_refresh_and_none_is_missed" {
  assert {
    condition     = aws_sqs_queue.refresh.fifo_queue && aws_sqs_queue.refresh.content_based_deduplication && endswith(aws_sqs_queue.refresh.name, ".fifo")
    error_message = "repeats are not dropped"
  }
  assert {
    condition     = aws_sqs_queue.refresh.delay_seconds >= 300
    error_message = "a message may be gone while repeats of it are still dropped: a refresh would be missed"
  }
  assert {
    condition     = length(aws_cloudwatch_event_target.refresh.input_transformer) == 0 && jsondecode(aws_cloudwatch_event_target.refresh.input) == { refresh = "site" } && aws_cloudwatch_event_target.refresh.sqs_target[0].message_group_id == "refresh"
    error_message = "events do not become the same message"
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.published.event_pattern).detail == { bucket = { name = ["site-results"] }, object = { key = [{ suffix = "/_SUCCESS.json" }] } }
    error_message = "other events than published results refresh"
  }
  assert {
    condition     = jsondecode(aws_sfn_state_machine.refresh.definition).States.Refresh.Parameters.FileShareARN == aws_storagegateway_nfs_file_share.results.arn && length(jsondecode(aws_sfn_state_machine.refresh.definition).States.Refresh.Retry) == 1
    error_message = "another share is refreshed, or a busy gateway is not asked again"
  }
}

run "refuses" {
  command = plan
  variables {
    refresh_seconds = 60
    clients         = ["0.0.0.0/0"]
    gateway_arn     = "sgw-1"
  }
  expect_failures = [var.refresh_seconds, var.clients, var.gateway_arn]
}
