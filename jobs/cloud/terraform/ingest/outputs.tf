output "rule_names" {
  description = "Rules of EventBridge: manifest, and archive where archives are split."
  value       = { for kind, rule in aws_cloudwatch_event_rule.this : kind => rule.name }
}

output "queue_url" {
  description = "Queue of manifests, for raki-submit; null where submitter is batch."
  value       = one(aws_sqs_queue.manifests[*].url)
}

output "queue_name" {
  description = "Its name; null where submitter is batch."
  value       = one(aws_sqs_queue.manifests[*].name)
}

output "dead_letter_url" {
  description = "Dead-letter queue."
  value       = aws_sqs_queue.dead.url
}

output "dead_letter_name" {
  description = "Its name."
  value       = aws_sqs_queue.dead.name
}

output "submitter_policy_arn" {
  description = "Policy for the user or role that a daemon runs as; null where submitter is batch."
  value       = one(aws_iam_policy.submitter[*].arn)
}

output "function_name" {
  description = "The function; null without one."
  value       = one(aws_lambda_function.submitter[*].function_name)
}

output "settings" {
  description = "Environment of the submitter, for a daemon; RAKI_QUEUE is queue_url."
  value       = local.settings
}
