mock_provider "aws" {
  source = "../mocks"
}

variables {
  name               = "site"
  buckets            = ["site-raw", "site-prepared"]
  kms_key_arn        = "arn:aws:kms:eu-central-1:111122223333:key/0"
  job_queue_arn      = "arn:aws:batch:eu-central-1:111122223333:job-queue/site-gpu"
  job_definition_arn = "arn:aws:batch:eu-central-1:111122223333:job-definition/site"
  results            = "s3://site-results"
  lambda_zip         = "versions.tf" # any file
}

run "a_function_submits" {
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this["manifest"].event_pattern) == {
      source      = ["aws.s3"]
      detail-type = ["Object Created"]
      detail      = { bucket = { name = ["site-prepared", "site-raw"] }, object = { key = [{ suffix = ".manifest.json" }] } }
    }
    error_message = "the rule sees other events than new manifests"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.manifests[0].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 20 } && aws_sqs_queue.dead.message_retention_seconds == 1209600
    error_message = "messages that fail are not kept"
  }
  assert {
    condition     = aws_sqs_queue.manifests[0].visibility_timeout_seconds == 6 * aws_lambda_function.submitter[0].timeout && aws_sqs_queue.manifests[0].sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "a message comes back while it is worked on, or a queue is not encrypted"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.manifests[0].function_response_types == toset(["ReportBatchItemFailures"]) && aws_lambda_event_source_mapping.manifests[0].scaling_config[0].maximum_concurrency == 2 && aws_lambda_function.submitter[0].reserved_concurrent_executions == 2
    error_message = "one bad message brings the others back, or concurrency is not what is reserved"
  }
  assert {
    condition = aws_lambda_function.submitter[0].handler == "raki_submit.aws_lambda.handler" && aws_lambda_function.submitter[0].environment[0].variables == tomap({
      RAKI_JOB_QUEUE      = var.job_queue_arn
      RAKI_JOB_DEFINITION = var.job_definition_arn
      RAKI_RESULTS        = "s3://site-results"
      RAKI_DEAD_LETTERS   = aws_sqs_queue.dead.url
    })
    error_message = "the function is not called as it is written"
  }
  assert {
    condition = { for statement in jsondecode(aws_iam_policy.submitter[0].policy).Statement : statement.Sid => statement.Action } == {
      SubmitTheseDefinitions = "batch:SubmitJob"
      TakeMessages           = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
      SetAsideWithReason     = "sqs:SendMessage"
      ReadManifests          = "s3:GetObject"
      SeeThatOneIsGone       = "s3:ListBucket"
      NoteSubmissions        = ["s3:GetObject", "s3:PutObject"]
      FindJobs               = "batch:ListJobs"
      KeyOfTheBuckets        = ["kms:Decrypt", "kms:GenerateDataKey"]
    }
    error_message = "the submitter may do something else than submit"
  }
  assert {
    condition     = toset(jsondecode(aws_iam_policy.submitter[0].policy).Statement[3].Resource) == toset(["arn:aws:s3:::site-raw/*.manifest.json", "arn:aws:s3:::site-prepared/*.manifest.json"])
    error_message = "the submitter may read more than manifests"
  }
  assert {
    condition     = jsondecode(aws_iam_policy.submitter[0].policy).Statement[5].Resource == "arn:aws:s3:::site-results/submitted/*"
    error_message = "the submitter may write elsewhere than its notes"
  }
  assert {
    condition     = length(aws_cloudwatch_event_target.batch) == 0 && length(aws_cloudwatch_event_target.queue) == 1 && aws_cloudwatch_event_target.queue["manifest"].dead_letter_config[0].arn == aws_sqs_queue.dead.arn
    error_message = "events go elsewhere, or are lost where they cannot be delivered"
  }
}

run "archives_are_split" {
  variables {
    split = {
      bucket         = "site-raw"
      definition_arn = "arn:aws:batch:eu-central-1:111122223333:job-definition/site-split"
      queue_arn      = "arn:aws:batch:eu-central-1:111122223333:job-queue/site-cpu"
      prepared       = "s3://site-prepared/units"
    }
  }
  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this["archive"].event_pattern).detail == {
      bucket = { name = ["site-raw"] }
      object = { key = [for ending in [".tar", ".tar.gz", ".tgz", ".tar.zst", ".zip"] : { suffix = { equals-ignore-case = ending } }] }
    } && length(aws_cloudwatch_event_target.queue) == 2
    error_message = "archives in raw are not seen, or others are"
  }
  assert {
    condition = { for key, value in aws_lambda_function.submitter[0].environment[0].variables : key => value if !contains(["RAKI_JOB_QUEUE", "RAKI_JOB_DEFINITION", "RAKI_RESULTS", "RAKI_DEAD_LETTERS"], key) } == {
      RAKI_SPLIT_DEFINITION = var.split.definition_arn, RAKI_SPLIT_QUEUE = var.split.queue_arn, RAKI_PREPARED = "s3://site-prepared/units"
    }
    error_message = "the submitter does not know where archives go"
  }
  assert {
    condition     = contains(jsondecode(aws_iam_policy.submitter[0].policy).Statement[0].Resource, "${var.split.definition_arn}:*") && contains(jsondecode(aws_iam_policy.submitter[0].policy).Statement[0].Resource, var.split.queue_arn)
    error_message = "the submitter may not submit split jobs"
  }
}

run "a_daemon_submits" {
  variables {
    submitter  = "daemon"
    lambda_zip = null
  }
  assert {
    condition     = length(aws_lambda_function.submitter) == 0 && length(aws_iam_role.lambda) == 0 && output.queue_url != null && output.submitter_policy_arn != null
    error_message = "daemon: a queue and a policy, and no function"
  }
}

run "eventbridge_submits" {
  variables {
    submitter         = "batch"
    lambda_zip        = null
    direct_array_size = 100
  }
  assert {
    condition     = length(aws_sqs_queue.manifests) == 0 && length(aws_lambda_function.submitter) == 0 && length(aws_cloudwatch_event_target.queue) == 0
    error_message = "batch: neither queue nor function"
  }
  assert {
    condition     = aws_cloudwatch_event_target.batch[0].batch_target[0].job_definition == var.job_definition_arn && aws_cloudwatch_event_target.batch[0].batch_target[0].array_size == 100 && aws_cloudwatch_event_target.batch[0].dead_letter_config[0].arn == aws_sqs_queue.dead.arn
    error_message = "batch: the rule does not submit the definition, or loses what it cannot submit"
  }
  assert {
    condition     = jsondecode(replace(replace(aws_cloudwatch_event_target.batch[0].input_transformer[0].input_template, "<bucket>", "b"), "<key>", "k")) == { Parameters = { manifest = "s3://b/k" } }
    error_message = "batch: the job does not learn its manifest's address"
  }
}

run "refuses" {
  command = plan
  variables {
    job_definition_arn = "arn:aws:batch:eu-central-1:111122223333:job-definition/site:3"
    results            = "s3://site-results/"
    split              = { bucket = "other", definition_arn = "", queue_arn = "", prepared = "s3://site-prepared/" }
    lambda_zip         = null
    concurrency        = 1
    direct_array_size  = 1
    log_days           = 8
  }
  expect_failures = [var.job_definition_arn, var.results, var.split, var.lambda_zip, var.concurrency, var.direct_array_size, var.log_days]
}
