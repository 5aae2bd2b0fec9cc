# The raw bucket as a Lustre file system: new objects appear in it, nothing is written back.

locals {
  persistent = var.deployment == "PERSISTENT_2"
  ports      = { lustre = [988, 988], traffic = [1018, 1023] } # Lustre's own, for clients and between servers
  # who talks to the servers: the clients, and the servers to one another
  peers = { clients = var.client_security_group_id, servers = aws_security_group.servers.id }
  rules = { for pair in setproduct(keys(local.ports), ["clients", "servers"]) : join("-", pair) => { ports = local.ports[pair[0]], peer = pair[1] } }
}

resource "aws_security_group" "servers" {
  name        = "${var.name}-fsx"
  description = "Lustre: its ports only, to and from its clients and itself."
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-fsx" }
}

resource "aws_vpc_security_group_ingress_rule" "servers" {
  for_each                     = local.rules
  security_group_id            = aws_security_group.servers.id
  description                  = "Lustre from ${each.value.peer}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.ports[0]
  to_port                      = each.value.ports[1]
  referenced_security_group_id = local.peers[each.value.peer]
}

resource "aws_vpc_security_group_egress_rule" "servers" {
  for_each                     = local.rules
  security_group_id            = aws_security_group.servers.id
  description                  = "Lustre to ${each.value.peer}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.ports[0]
  to_port                      = each.value.ports[1]
  referenced_security_group_id = local.peers[each.value.peer]
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each                     = local.ports
  security_group_id            = var.client_security_group_id
  description                  = "Lustre from the file system"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = aws_security_group.servers.id
}

resource "aws_vpc_security_group_egress_rule" "clients" {
  for_each                     = local.ports
  security_group_id            = var.client_security_group_id
  description                  = "Lustre to the file system"
  ip_protocol                  = "tcp"
  from_port                    = each.value[0]
  to_port                      = each.value[1]
  referenced_security_group_id = aws_security_group.servers.id
}

resource "aws_fsx_lustre_file_system" "this" {
  deployment_type                 = var.deployment
  storage_capacity                = var.storage_gib
  storage_type                    = "SSD"
  per_unit_storage_throughput     = local.persistent ? var.throughput : null
  kms_key_id                      = local.persistent ? var.kms_key_arn : null
  automatic_backup_retention_days = local.persistent ? 0 : null # the truth is in S3
  data_compression_type           = "LZ4"
  file_system_type_version        = "2.15"
  subnet_ids                      = [var.subnet_id]
  security_group_ids              = [aws_security_group.servers.id]
  tags                            = { Name = var.name }
}

resource "aws_fsx_data_repository_association" "raw" {
  file_system_id                   = aws_fsx_lustre_file_system.this.id
  file_system_path                 = "/"
  data_repository_path             = "s3://${var.bucket}/${var.prefix}"
  batch_import_meta_data_on_create = true

  s3 {
    auto_import_policy {
      events = ["NEW", "CHANGED", "DELETED"]
    }
  }
}
