output "buckets" {
  description = "Names of the buckets: raw, prepared, results."
  value       = { for kind, bucket in aws_s3_bucket.this : kind => bucket.id }
  depends_on  = [aws_s3_bucket_policy.this, aws_s3_bucket_server_side_encryption_configuration.this, aws_s3_bucket_notification.this]
}

output "kms_key_arn" {
  description = "Key that encrypts them."
  value       = local.key_arn
}
