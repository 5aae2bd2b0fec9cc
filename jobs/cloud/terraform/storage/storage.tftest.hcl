mock_provider "aws" {
  source = "../mocks"
}

variables {
  name = "site"
}

run "three_closed_buckets" {
  assert {
    condition     = { for kind, bucket in aws_s3_bucket.this : kind => bucket.bucket } == { raw = "site-raw", prepared = "site-prepared", results = "site-results" }
    error_message = "buckets are not site-raw, site-prepared and site-results"
  }
  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == 3
    error_message = "a bucket can be made public"
  }
  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"]) && length(aws_s3_bucket_versioning.this) == 3
    error_message = "a bucket keeps no versions"
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : bucket.force_destroy == false])
    error_message = "destroying deletes data by default"
  }
  assert {
    condition = alltrue(flatten([for sse in aws_s3_bucket_server_side_encryption_configuration.this : [for rule in sse.rule :
    rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && rule.apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.this[0].arn]]))
    error_message = "a bucket is not encrypted with the key made here"
  }
  assert {
    condition = alltrue([for policy in aws_s3_bucket_policy.this : [for statement in jsondecode(policy.policy).Statement : statement.Effect] == ["Deny", "Deny"]
      && jsondecode(policy.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
      && jsondecode(policy.policy).Statement[1].Condition.NumericLessThan["s3:TlsVersion"] == "1.2"
    ]) && length(aws_s3_bucket_policy.this) == 3
    error_message = "a bucket can be reached without TLS 1.2"
  }
  assert {
    condition     = alltrue([for notification in aws_s3_bucket_notification.this : notification.eventbridge]) && length(aws_s3_bucket_notification.this) == 3
    error_message = "a bucket tells EventBridge nothing"
  }
  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation && length(jsondecode(aws_kms_key.this[0].policy).Statement) == 1
    error_message = "the key is not rotated, or more than the account may use it"
  }
}

run "lifecycle" {
  assert {
    condition     = { for kind, rules in aws_s3_bucket_lifecycle_configuration.this : kind => [for rule in rules.rule : rule.id] } == { raw = ["tidy", "glacier", "intelligent-tiering"], prepared = ["tidy", "expire"], results = ["tidy", "intelligent-tiering"] }
    error_message = "rules of the lifecycle are not those of the README"
  }
  assert {
    condition     = alltrue([for rules in aws_s3_bucket_lifecycle_configuration.this : rules.rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 2 && rules.rule[0].noncurrent_version_expiration[0].noncurrent_days == 30])
    error_message = "incomplete uploads or former versions stay for ever"
  }
  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.this["raw"].transition_default_minimum_object_size == "all_storage_classes_128K" && one(aws_s3_bucket_lifecycle_configuration.this["raw"].rule[1].transition).days == 180
    error_message = "manifests would go to the archive, or raw data too early"
  }
}

run "never" {
  variables {
    raw_archive_days = 0
    tiering_days     = 0
    prepared_days    = 0
    kms_key_arn      = "arn:aws:kms:eu-central-1:111122223333:key/other"
  }
  assert {
    condition     = alltrue([for rules in aws_s3_bucket_lifecycle_configuration.this : length(rules.rule) == 1])
    error_message = "0 days is not never"
  }
  assert {
    condition     = length(aws_kms_key.this) == 0 && output.kms_key_arn == var.kms_key_arn
    error_message = "a key is made beside the given one"
  }
}

run "fsx_may_decrypt" {
  variables {
    fsx_reads = true
  }
  assert {
    condition     = jsondecode(aws_kms_key.this[0].policy).Statement[1].Action == "kms:Decrypt" && strcontains(jsondecode(aws_kms_key.this[0].policy).Statement[1].Condition.ArnLike["aws:PrincipalArn"], ":111122223333:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/")
    error_message = "more than FSx's own roles may decrypt, or these may not"
  }
}

run "refuses" {
  command = plan
  variables {
    name                   = "Site"
    raw_archive_days       = 5
    archive_class          = "STANDARD"
    kms_deletion_days      = 1
    incomplete_upload_days = 0
    former_version_days    = 0
  }
  expect_failures = [var.name, var.raw_archive_days, var.archive_class, var.kms_deletion_days, var.incomplete_upload_days, var.former_version_days]
}
