# Three buckets: raw (what scanners send), prepared (units unpacked from archives), results.

data "aws_partition" "here" {}
data "aws_caller_identity" "here" {}

locals {
  buckets = toset(["raw", "prepared", "results"])
  key_arn = var.kms_key_arn != null ? var.kms_key_arn : aws_kms_key.this[0].arn

  # storage class -> days, for each bucket; 0 days: never
  transitions = {
    raw      = { INTELLIGENT_TIERING = var.tiering_days, (var.archive_class) = var.raw_archive_days }
    prepared = {}
    results  = { INTELLIGENT_TIERING = var.tiering_days }
  }
  expiry = { raw = 0, prepared = var.prepared_days, results = 0 }
}

resource "aws_kms_key" "this" {
  count                   = var.kms_key_arn == null ? 1 : 0
  description             = "${var.name}: raw data and results"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([{
      # Why *: the account's own policies decide who may use the key, and without this line nobody could manage it.
      # In a key's policy the resource is always this key.
      Sid       = "AccountDecides"
      Effect    = "Allow"
      Principal = { AWS = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
      }], var.fsx_reads ? [{
      # Why *: FSx makes one role a file system, after this key; the condition admits these roles only. The resource is this key.
      Sid       = "FsxReads"
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "kms:Decrypt"
      Resource  = "*"
      Condition = {
        StringEquals = { "kms:CallerAccount" = data.aws_caller_identity.here.account_id }
        ArnLike      = { "aws:PrincipalArn" = "arn:${data.aws_partition.here.partition}:iam::${data.aws_caller_identity.here.account_id}:role/aws-service-role/s3.data-source.lustre.fsx.amazonaws.com/AWSServiceRoleForFSxS3Access_*" }
      }
    }] : [])
  })
}

resource "aws_kms_alias" "this" {
  count         = var.kms_key_arn == null ? 1 : 0
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

resource "aws_s3_bucket" "this" {
  for_each      = local.buckets
  bucket        = "${var.name}-${each.key}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each                = aws_s3_bucket.this
  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id

  rule {
    bucket_key_enabled = true # one call of KMS serves many objects

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = local.key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each   = aws_s3_bucket.this
  bucket     = each.value.id
  depends_on = [aws_s3_bucket_public_access_block.this]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Why *: a Deny is the stricter the wider it is.
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [each.value.arn, "${each.value.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # Why *: as above, a Deny is the stricter the wider it is.
        Sid       = "Tls12OrLater"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [each.value.arn, "${each.value.arn}/*"]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
    ]
  })
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each                               = aws_s3_bucket.this
  bucket                                 = each.value.id
  transition_default_minimum_object_size = "all_storage_classes_128K" # smaller objects gain nothing, and manifests stay readable
  depends_on                             = [aws_s3_bucket_versioning.this]

  rule {
    id     = "tidy"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.incomplete_upload_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.former_version_days
    }
  }

  dynamic "rule" {
    for_each = { for class, days in local.transitions[each.key] : class => days if days > 0 }
    content {
      id     = lower(replace(rule.key, "_", "-"))
      status = "Enabled"
      filter {}

      transition {
        days          = rule.value
        storage_class = rule.key
      }
    }
  }

  dynamic "rule" {
    for_each = local.expiry[each.key] > 0 ? [local.expiry[each.key]] : []
    content {
      id     = "expire"
      status = "Enabled"
      filter {}

      expiration {
        days = rule.value
      }
    }
  }
}

# Rules of EventBridge choose from these events; a bucket has only this one switch.
resource "aws_s3_bucket_notification" "this" {
  for_each    = aws_s3_bucket.this
  bucket      = each.value.id
  eventbridge = true
}
