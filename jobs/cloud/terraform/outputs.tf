output "buckets" {
  description = "Names of the buckets: raw, prepared, results."
  value       = module.storage.buckets
}

output "repository_url" {
  description = "ECR repository to push the image to."
  value       = module.compute.repository_url
}

output "job_definition_json" {
  description = "The reconstruction job for raki-batch-local: terraform output -raw job_definition_json."
  value       = module.compute.job_definition_json
}

output "split_job_definition_json" {
  description = "The same of the split step."
  value       = module.compute.split_job_definition_json
}

output "job_queue_arns" {
  description = "Queues gpu and cpu."
  value       = module.compute.job_queue_arns
}

output "job_definition_arns" {
  description = "gpu: reconstruction; cpu: split step."
  value       = module.compute.job_definition_arns
}

output "manifest_queue_url" {
  description = "Queue of manifests, for raki-submit as a daemon; null where submitter is batch."
  value       = module.ingest.queue_url
}

output "submitter_settings" {
  description = "Environment of raki-submit as a daemon, besides RAKI_QUEUE = manifest_queue_url."
  value       = module.ingest.settings
}

output "submitter_policy_arn" {
  description = "Policy for the user or role that the daemon runs as; null where submitter is batch."
  value       = module.ingest.submitter_policy_arn
}

output "dead_letter_url" {
  description = "Where manifests lie that became no job."
  value       = module.ingest.dead_letter_url
}

output "dashboard_name" {
  description = "Dashboard of CloudWatch."
  value       = module.alarms.dashboard_name
}
