# Published results -> one import job of HealthImaging for each DICOM series. Whether all files were taken is in the reports.

data "aws_partition" "here" {}
data "aws_region" "here" {}
data "aws_caller_identity" "here" {}

locals {
  partition     = data.aws_partition.here.partition
  account       = data.aws_caller_identity.here.account_id
  bucket_arn    = "arn:${local.partition}:s3:::${var.bucket}"
  datastore_id  = var.datastore_id != null ? var.datastore_id : aws_cloudformation_stack.datastore[0].outputs.Id
  datastore_arn = "arn:${local.partition}:medical-imaging:${data.aws_region.here.name}:${local.account}:datastore/${local.datastore_id}"

  # The folders below a prefix: those of series, and others.
  find = {
    Type     = "Task"
    Resource = "arn:${local.partition}:states:::aws-sdk:s3:listObjectsV2"
    Output = {
      series    = "{% [$states.result.CommonPrefixes.Prefix[$contains($, /\\/series[0-9]+\\/$/)]] %}"
      others    = "{% [$states.result.CommonPrefixes.Prefix[$not($contains($, /\\/series[0-9]+\\/$/))]] %}"
      truncated = "{% $states.result.IsTruncated = true %}"
    }
    Retry = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 5, BackoffRate = 2, MaxAttempts = 5 }]
  }
}

# The provider knows no data store; CloudFormation does.
resource "aws_cloudformation_stack" "datastore" {
  count = var.datastore_id == null ? 1 : 0
  name  = "${var.name}-datastore"

  template_body = jsonencode({
    Resources = { Store = {
      Type           = "AWS::HealthImaging::Datastore"
      DeletionPolicy = "Retain" # images outlive this configuration
      Properties     = merge({ DatastoreName = var.name }, var.datastore_key_arn == null ? {} : { KmsKeyArn = var.datastore_key_arn })
    } }
    Outputs = { Id = { Value = { "Fn::GetAtt" = ["Store", "DatastoreId"] } } }
  })
}

resource "aws_iam_role" "import" {
  name = "${var.name}-import"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "HealthImaging"
      Effect    = "Allow"
      Principal = { Service = "medical-imaging.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { "ForAllValues:StringEquals" = { "aws:SourceAccount" = local.account }, "ForAllValues:ArnEquals" = { "aws:SourceArn" = local.datastore_arn } }
    }]
  })
}

resource "aws_iam_role_policy" "import" {
  name = "bucket"
  role = aws_iam_role.import.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      { Sid = "ListResults", Effect = "Allow", Action = ["s3:ListBucket", "s3:GetEncryptionConfiguration"], Resource = local.bucket_arn },
      { Sid = "ReadResults", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.bucket_arn}/*" },
      { Sid = "WriteReports", Effect = "Allow", Action = "s3:PutObject", Resource = "${local.bucket_arn}/${var.report_prefix}*" },
      ], var.kms_key_arn == null ? [] : [{
        Sid       = "KeyOfTheBucket"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${data.aws_region.here.name}.${data.aws_partition.here.dns_suffix}" } }
    }])
  })
}

resource "aws_cloudwatch_event_rule" "published" {
  name        = "${var.name}-import"
  description = "A unit's results are complete"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.bucket] }, object = { key = [{ suffix = "/_SUCCESS.json" }] } }
  })
}

resource "aws_cloudwatch_event_target" "import" {
  rule     = aws_cloudwatch_event_rule.published.name
  arn      = aws_sfn_state_machine.import.arn
  role_arn = aws_iam_role.events.arn

  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.name}-import-dead"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventsOfThisRule"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.published.arn } }
      },
      {
        # Why *: a Deny is the stricter the wider it is.
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_iam_role" "events" {
  name = "${var.name}-import-events"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EventsOfThisRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.published.arn } }
    }]
  })
}

resource "aws_iam_role_policy" "events" {
  name = "start"
  role = aws_iam_role.events.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "StartImport", Effect = "Allow", Action = "states:StartExecution", Resource = aws_sfn_state_machine.import.arn }]
  })
}

# HealthImaging takes every file below a prefix, so only folders of series are named to it: beside _SUCCESS.json, or one folder deeper where
# a unit has several scans. The token makes a repeated event harmless.
resource "aws_sfn_state_machine" "import" {
  name       = "${var.name}-import"
  role_arn   = aws_iam_role.starter.arn
  depends_on = [aws_iam_role_policy.starter]

  definition = jsonencode({
    QueryLanguage = "JSONata"
    StartAt       = "FindSeries"
    States = {
      FindSeries = merge(local.find, {
        Arguments = { Bucket = var.bucket, Delimiter = "/", MaxKeys = 400, Prefix = "{% $replace($states.input.detail.object.key, /_SUCCESS\\.json$/, '') %}" }
        Next      = "AnySeries"
      })
      AnySeries = {
        Type = "Choice"
        Choices = [
          { Condition = "{% $states.input.truncated %}", Next = "TooMany" },
          { Condition = "{% $count($states.input.series) > 0 %}", Next = "EachSeries" },
          { Condition = "{% $count($states.input.others) > 0 %}", Next = "EachScan" },
        ]
        Default = "NoSeries"
      }
      EachScan = {
        Type           = "Map"
        Items          = "{% $states.input.others %}"
        MaxConcurrency = 4
        ItemProcessor = {
          ProcessorConfig = { Mode = "INLINE" }
          StartAt         = "FindSeriesOfScan"
          States = { FindSeriesOfScan = merge(local.find, {
            Arguments = { Bucket = var.bucket, Delimiter = "/", MaxKeys = 400, Prefix = "{% $states.input %}" }
            Output    = { series = local.find.Output.series, truncated = local.find.Output.truncated }
            End       = true
          }) }
        }
        Output = { series = "{% [$states.result.series] %}", others = [], truncated = "{% true in $states.result.truncated %}" }
        Next   = "AnySeries"
      }
      NoSeries = { Type = "Fail", Error = "NoSeries", Cause = "Found no folder of a DICOM series beside _SUCCESS.json or one folder deeper: the unit has other outputs." }
      TooMany  = { Type = "Fail", Error = "TooMany", Cause = "Found more than 400 files and folders side by side in a result. Import it with raki-health-imaging." }
      EachSeries = {
        Type           = "Map"
        Items          = "{% $states.input.series %}"
        MaxConcurrency = 1
        ItemProcessor = {
          ProcessorConfig = { Mode = "INLINE" }
          StartAt         = "Import"
          States = { Import = {
            Type     = "Task"
            Resource = "arn:${local.partition}:states:::aws-sdk:medicalimaging:startDICOMImportJob"
            Arguments = {
              DatastoreId       = local.datastore_id
              DataAccessRoleArn = aws_iam_role.import.arn
              ClientToken       = "{% $hash($states.input, 'SHA-256') %}"
              InputS3Uri        = "{% 's3://${var.bucket}/' & $states.input %}"
              OutputS3Uri       = "s3://${var.bucket}/${var.report_prefix}"
            }
            Retry = [{ ErrorEquals = ["States.TaskFailed"], IntervalSeconds = 60, BackoffRate = 2, MaxAttempts = 8, MaxDelaySeconds = 3600, JitterStrategy = "FULL" }]
            End   = true
          } }
        }
        End = true
      }
    }
  })
}

resource "aws_iam_role" "starter" {
  name = "${var.name}-import-starter"

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

resource "aws_iam_role_policy" "starter" {
  name = "start"
  role = aws_iam_role.starter.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "ListResults", Effect = "Allow", Action = "s3:ListBucket", Resource = local.bucket_arn },
      { Sid = "StartImport", Effect = "Allow", Action = "medical-imaging:StartDICOMImportJob", Resource = local.datastore_arn },
      {
        Sid       = "LendImportRole"
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = aws_iam_role.import.arn
        Condition = { StringEquals = { "iam:PassedToService" = "medical-imaging.amazonaws.com" } }
      },
    ]
  })
}
