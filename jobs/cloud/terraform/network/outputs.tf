output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Private subnets, in the order of zones."
  value       = [for zone in var.zones : aws_subnet.private[zone].id]
}

output "security_group_id" {
  description = "Security group of the Batch instances."
  value       = aws_security_group.instances.id
  depends_on  = [aws_vpc_security_group_egress_rule.https, aws_vpc_security_group_egress_rule.s3]
}
