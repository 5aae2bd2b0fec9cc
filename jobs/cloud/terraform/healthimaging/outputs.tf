output "datastore_id" {
  description = "The data store."
  value       = local.datastore_id
}

output "import_role_arn" {
  description = "Role that HealthImaging reads results with, also for imports started by hand."
  value       = aws_iam_role.import.arn
}

output "state_machine_arn" {
  description = "Starts imports; for state_machine_arns of module alarms."
  value       = aws_sfn_state_machine.import.arn
}

output "dead_letter_name" {
  description = "Queue of events that started no import; for dead_letter_names of module alarms."
  value       = aws_sqs_queue.dead.name
}
