output "share_path" {
  description = "Path of the share on the gateway: mount -t nfs -o nolock,hard,ro GATEWAY:PATH /results."
  value       = aws_storagegateway_nfs_file_share.results.path
}

output "state_machine_arn" {
  description = "Refreshes the share; for state_machine_arns of module alarms."
  value       = aws_sfn_state_machine.refresh.arn
}
