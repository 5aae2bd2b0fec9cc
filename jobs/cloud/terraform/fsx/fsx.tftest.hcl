mock_provider "aws" {
  source = "../mocks"
}

variables {
  name                     = "site"
  bucket                   = "site-raw"
  vpc_id                   = "vpc-1"
  subnet_id                = "subnet-1"
  client_security_group_id = "sg-1"
}

run "raw_data_are_read_and_never_written" {
  assert {
    condition     = aws_fsx_data_repository_association.raw.data_repository_path == "s3://site-raw/" && length(aws_fsx_data_repository_association.raw.s3[0].auto_export_policy) == 0 && strcontains(output.host_script, "mount -t lustre -o ro,")
    error_message = "Lustre shows another bucket, or writes back"
  }
  assert {
    condition     = toset(aws_fsx_data_repository_association.raw.s3[0].auto_import_policy[0].events) == toset(["NEW", "CHANGED", "DELETED"])
    error_message = "what changes in the bucket is not seen"
  }
  assert {
    condition     = toset([for rule in concat(values(aws_vpc_security_group_ingress_rule.servers), values(aws_vpc_security_group_egress_rule.servers)) : "${rule.from_port}-${rule.to_port}"]) == toset(["988-988", "1018-1023"]) && alltrue([for rule in aws_vpc_security_group_ingress_rule.servers : rule.cidr_ipv4 == null])
    error_message = "other ports than Lustre's are open, or to more than the clients"
  }
}

run "persistent" {
  variables {
    deployment = "PERSISTENT_2"
  }
  assert {
    condition     = aws_fsx_lustre_file_system.this.per_unit_storage_throughput == 125
    error_message = "persistent: throughput is not set"
  }
}

run "refuses" {
  command = plan
  variables {
    storage_gib = 1300
    mount_path  = "/scratch"
    prefix      = "/a"
    throughput  = 100
  }
  expect_failures = [var.storage_gib, var.mount_path, var.prefix, var.throughput]
}
