# The submitter's rights, and the function that has them. A daemon uses the same policy, attached to a user or role of yours.

locals {
  function_name = "${var.name}-submit"

  submitter_statements = concat([
    local.submit,
    {
      Sid      = "TakeMessages"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
      Resource = [for queue in aws_sqs_queue.manifests : queue.arn]
    },
    {
      Sid      = "SetAsideWithReason"
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = aws_sqs_queue.dead.arn
    },
    {
      Sid      = "ReadManifests"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = [for arn in local.bucket_arns : "${arn}/*.manifest.json"]
    },
    {
      Sid      = "SeeThatOneIsGone" # a GET of what is not there is 404 only for those who may list
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = local.bucket_arns
    },
    {
      Sid      = "NoteSubmissions"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = "arn:${data.aws_partition.here.partition}:s3:::${trimprefix(var.results, "s3://")}/submitted/*"
    },
    {
      # Why *: batch:ListJobs knows no resource. It finds the job of a submitter that died behind SubmitJob.
      Sid      = "FindJobs"
      Effect   = "Allow"
      Action   = "batch:ListJobs"
      Resource = "*"
    },
    ], var.kms_key_arn == null ? [] : [{
      Sid       = "KeyOfTheBuckets"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = var.kms_key_arn
      Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } }
  }])

  settings = merge({
    RAKI_JOB_QUEUE      = var.job_queue_arn
    RAKI_JOB_DEFINITION = var.job_definition_arn
    RAKI_RESULTS        = var.results
    RAKI_DEAD_LETTERS   = aws_sqs_queue.dead.url
    }, var.split == null ? {} : {
    RAKI_SPLIT_DEFINITION = var.split.definition_arn
    RAKI_SPLIT_QUEUE      = var.split.queue_arn
    RAKI_PREPARED         = var.split.prepared
  })
}

resource "aws_iam_policy" "submitter" {
  count       = local.queued ? 1 : 0
  name        = local.function_name
  description = "What raki-submit needs, and no more"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.submitter_statements })
}

resource "aws_iam_role" "lambda" {
  count = var.submitter == "lambda" ? 1 : 0
  name  = local.function_name

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Lambda"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "lambda" {
  count      = var.submitter == "lambda" ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = aws_iam_policy.submitter[0].arn
}

resource "aws_iam_role_policy" "lambda_log" {
  count = var.submitter == "lambda" ? 1 : 0
  name  = "log"
  role  = aws_iam_role.lambda[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "OwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.lambda[0].arn}:*"
    }]
  })
}

resource "aws_cloudwatch_log_group" "lambda" {
  count             = var.submitter == "lambda" ? 1 : 0
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_days
}

resource "aws_lambda_function" "submitter" {
  count                          = var.submitter == "lambda" ? 1 : 0
  function_name                  = local.function_name
  description                    = "Manifests to jobs of Batch"
  role                           = aws_iam_role.lambda[0].arn
  runtime                        = var.lambda_runtime
  architectures                  = ["arm64"]
  handler                        = "raki_submit.aws_lambda.handler"
  filename                       = var.lambda_zip
  source_code_hash               = filebase64sha256(var.lambda_zip)
  timeout                        = var.lambda_seconds
  memory_size                    = var.lambda_memory
  reserved_concurrent_executions = var.concurrency
  depends_on                     = [aws_iam_role_policy.lambda_log, aws_iam_role_policy_attachment.lambda]

  environment {
    variables = local.settings
  }
}

resource "aws_lambda_event_source_mapping" "manifests" {
  count                   = var.submitter == "lambda" ? 1 : 0
  event_source_arn        = aws_sqs_queue.manifests[0].arn
  function_name           = aws_lambda_function.submitter[0].arn
  batch_size              = var.batch_size
  function_response_types = ["ReportBatchItemFailures"] # one bad message does not bring the others back

  scaling_config {
    maximum_concurrency = var.concurrency # messages wait in the queue; throttled calls would count as receives
  }
}
