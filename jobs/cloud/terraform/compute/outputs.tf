output "job_definition_json" {
  description = "The reconstruction job as RegisterJobDefinition takes it, for raki-batch-local."
  value       = jsonencode(local.definitions.gpu)
}

output "split_job_definition_json" {
  description = "The same of the split step."
  value       = jsonencode(local.definitions.cpu)
}

output "job_definition_arns" {
  description = "gpu: reconstruction; cpu: split step. Without revision, so that the newest is meant."
  value       = { for kind, definition in aws_batch_job_definition.this : kind => definition.arn_prefix }
}

output "job_queue_arns" {
  description = "Queues gpu and cpu."
  value       = { for kind, queue in aws_batch_job_queue.this : kind => queue.arn }
}

output "repository_url" {
  description = "ECR repository to push the image to."
  value       = aws_ecr_repository.this.repository_url
}

output "role_arns" {
  description = "Roles: job, split, execution, instance."
  value = {
    job       = aws_iam_role.job.arn
    split     = aws_iam_role.split.arn
    execution = aws_iam_role.execution.arn
    instance  = aws_iam_role.instance.arn
  }
}

output "log_group" {
  description = "The jobs' logs; streams begin with gpu/ or cpu/."
  value       = aws_cloudwatch_log_group.jobs.name
}

output "user_data" {
  description = "What instances run when they start."
  value       = local.user_data
}
