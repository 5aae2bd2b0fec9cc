mock_provider "aws" {
  source = "../mocks"
}

variables {
  name  = "site"
  zones = ["eu-central-1a", "eu-central-1b"]
}

run "nothing_reaches_the_internet" {
  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_nat_gateway.this) == 0 && length(aws_route.nat) == 0
    error_message = "a way to the internet, though egress is endpoints"
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.https.cidr_ipv4 == var.cidr && aws_vpc_security_group_egress_rule.https.from_port == 443
    error_message = "instances may reach more than the endpoints"
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.interface)) == toset(["ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry", "logs"])
    error_message = "an endpoint that Batch's instances need is missing"
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : endpoint.private_dns_enabled && length(endpoint.subnet_ids) == 2])
    error_message = "an interface endpoint is not in every zone, or not found by its usual name"
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && jsondecode(aws_vpc_endpoint.s3.policy).Statement[0].Condition.StringEquals["aws:ResourceAccount"] == ["111122223333"]
    error_message = "S3 of other accounts can be reached"
  }
  assert {
    condition     = [for subnet in aws_subnet.private : subnet.cidr_block] == ["10.40.0.0/24", "10.40.1.0/24"] && alltrue([for subnet in aws_subnet.private : subnet.map_public_ip_on_launch != true])
    error_message = "subnets are not the first two sixteenths, or give public addresses"
  }
}

run "one_nat_gateway" {
  variables {
    egress = "nat"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_vpc_endpoint.interface) == 0 && length(aws_security_group.endpoints) == 0
    error_message = "nat: one NAT gateway and no interface endpoint"
  }
  assert {
    condition     = aws_subnet.public[0].cidr_block == "10.40.15.0/24" && aws_vpc_security_group_egress_rule.https.cidr_ipv4 == "0.0.0.0/0"
    error_message = "nat: the public subnet is the last sixteenth, and HTTPS goes anywhere"
  }
}

run "refuses" {
  command = plan
  variables {
    zones  = ["eu-central-1a", "eu-central-1a"]
    cidr   = "10.0.0.0/28"
    egress = "public"
  }
  expect_failures = [var.zones, var.cidr, var.egress]
}
