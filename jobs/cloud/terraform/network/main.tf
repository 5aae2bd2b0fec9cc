# A VPC in which instances have no public address. What may leave it, and by which door, is the whole content of this file.

data "aws_region" "here" {}
data "aws_partition" "here" {}
data "aws_caller_identity" "here" {}

locals {
  region    = data.aws_region.here.name
  nat       = var.egress == "nat"
  interface = local.nat ? [] : var.interface_services
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.this.id
}

resource "aws_subnet" "private" {
  for_each          = { for i, zone in var.zones : zone => i }
  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr, 4, each.value)
  tags              = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each       = aws_subnet.private
  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# S3, and with it the layers of images, without a charge. The policy keeps data from leaving for foreign buckets.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${local.region}.s3"
  route_table_ids   = [aws_route_table.private.id]
  tags              = { Name = "${var.name}-s3" }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Why *: this policy can only narrow what the roles allow; the accounts are its limit.
        Sid       = "BucketsOfTheseAccounts"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:ResourceAccount" = concat([data.aws_caller_identity.here.account_id], var.bucket_accounts) } }
      },
      {
        # Why *: instances fetch image layers and packages with their own signature; read only, from buckets of AWS.
        Sid       = "LayersAndPackages"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:GetObject"
        Resource = [
          "arn:${data.aws_partition.here.partition}:s3:::prod-${local.region}-starport-layer-bucket/*",
          "arn:${data.aws_partition.here.partition}:s3:::al2023-repos-${local.region}-de612dc2/*",
        ]
      },
    ]
  })
}

resource "aws_security_group" "instances" {
  name        = "${var.name}-instances"
  description = "Batch instances: nothing in, HTTPS out."
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-instances" }
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  count             = local.nat ? 0 : 1 # the rule below covers it
  security_group_id = aws_security_group.instances.id
  description       = "HTTPS to S3"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.instances.id
  description       = local.nat ? "HTTPS to anywhere" : "HTTPS to the endpoints"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = local.nat ? "0.0.0.0/0" : var.cidr
}

resource "aws_security_group" "endpoints" {
  count       = local.nat ? 0 : 1
  name        = "${var.name}-endpoints"
  description = "Interface endpoints: HTTPS in from the instances."
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count                        = local.nat ? 0 : 1
  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "HTTPS from the instances"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.instances.id
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = local.interface
  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints[0].id]
  private_dns_enabled = true
  tags                = { Name = "${var.name}-${each.key}" }
}

resource "aws_internet_gateway" "this" {
  count  = local.nat ? 1 : 0
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  count             = local.nat ? 1 : 0
  vpc_id            = aws_vpc.this.id
  availability_zone = var.zones[0]
  cidr_block        = cidrsubnet(var.cidr, 4, 15)
  tags              = { Name = "${var.name}-public" }
}

resource "aws_route_table" "public" {
  count  = local.nat ? 1 : 0
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "internet" {
  count                  = local.nat ? 1 : 0
  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this[0].id
}

resource "aws_route_table_association" "public" {
  count          = local.nat ? 1 : 0
  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_eip" "nat" {
  count  = local.nat ? 1 : 0
  domain = "vpc"
  tags   = { Name = "${var.name}-nat" }
}

resource "aws_nat_gateway" "this" {
  count         = local.nat ? 1 : 0
  allocation_id = aws_eip.nat[0].id
  subnet_id     = aws_subnet.public[0].id
  tags          = { Name = var.name }
  depends_on    = [aws_route.internet]
}

resource "aws_route" "nat" {
  count                  = local.nat ? 1 : 0
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}
