output "alarm_names" {
  description = "All alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]
}

output "dashboard_name" {
  description = "Dashboard of CloudWatch."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "event_log_group" {
  description = "Events of jobs."
  value       = aws_cloudwatch_log_group.events.name
}
