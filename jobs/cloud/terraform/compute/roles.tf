# Four roles: the job's, the split step's, the one that starts containers, the instance's. Policies are written with jsonencode,
# so that tests without AWS see them as they will be.

locals {
  partition = data.aws_partition.here.partition
  region    = data.aws_region.here.name
  account   = data.aws_caller_identity.here.account_id
  arn       = { for kind, bucket in var.buckets : kind => "arn:${local.partition}:s3:::${bucket}" }

  # A HEAD of what is not there is 404 only for those who may list; else it is 403, and a job would take it for a refusal.
  list_all = { for kind, arn in local.arn : kind => { Sid = "List${title(kind)}", Effect = "Allow", Action = "s3:ListBucket", Resource = arn } }
  read_raw = { Sid = "ReadRaw", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.arn.raw}/*" }
  key = var.kms_key_arn == null ? [] : [{
    Sid       = "KeyOfTheBuckets"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = var.kms_key_arn
    Condition = { StringEquals = { "kms:ViaService" = "s3.${local.region}.${data.aws_partition.here.dns_suffix}" } }
  }]

  container_trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ContainersOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role" "job" {
  name               = "${var.name}-job"
  description        = "Reconstruction: reads raw and prepared, writes results"
  assume_role_policy = local.container_trust
}

resource "aws_iam_role_policy" "job" {
  name = "buckets"
  role = aws_iam_role.job.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      local.list_all.raw,
      local.list_all.prepared,
      local.list_all.results,
      local.read_raw,
      { Sid = "ReadPrepared", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.arn.prepared}/*" },
      { Sid = "KnowWhatIsDone", Effect = "Allow", Action = "s3:GetObject", Resource = "${local.arn.results}/*/_SUCCESS.json" },
      { Sid = "WriteResults", Effect = "Allow", Action = "s3:PutObject", Resource = "${local.arn.results}/*" },
    ], local.key)
  })
}

resource "aws_iam_role" "split" {
  name               = "${var.name}-split"
  description        = "Split step: reads raw, writes prepared"
  assume_role_policy = local.container_trust
}

resource "aws_iam_role_policy" "split" {
  name = "buckets"
  role = aws_iam_role.split.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      local.list_all.raw,
      local.list_all.prepared,
      local.read_raw,
      { Sid = "WritePrepared", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${local.arn.prepared}/*" },
    ], local.key)
  })
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "Starts containers: pulls the image, opens log streams"
  assume_role_policy = local.container_trust
}

resource "aws_iam_role_policy" "execution" {
  name = "start"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Why *: ecr:GetAuthorizationToken knows no resource; the token opens only what the next statement allows.
        Sid      = "LogInToEcr"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = aws_ecr_repository.this.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.jobs.arn}:*"
      },
    ]
  })
}

# The ECS agent's rights, in place of AWS's managed policy AmazonEC2ContainerServiceforEC2Role, which reads every repository and log.
resource "aws_iam_role" "instance" {
  name        = "${var.name}-instance"
  description = "ECS agent of the instances"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Instances", Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "instance" {
  name = "agent"
  role = aws_iam_role.instance.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Why *: ecs:DiscoverPollEndpoint knows no resource.
        Sid      = "FindEndpoint"
        Effect   = "Allow"
        Action   = "ecs:DiscoverPollEndpoint"
        Resource = "*"
      },
      {
        # Why *: Batch makes the cluster and chooses its name; it lies in this account and region.
        Sid      = "JoinCluster"
        Effect   = "Allow"
        Action   = ["ecs:RegisterContainerInstance", "ecs:DeregisterContainerInstance", "ecs:SubmitContainerStateChange", "ecs:SubmitTaskStateChange"]
        Resource = "arn:${local.partition}:ecs:${local.region}:${local.account}:cluster/*"
      },
      {
        # Why *: the agent's own instance, whose id is not known before it runs; as above.
        Sid      = "BeAnInstance"
        Effect   = "Allow"
        Action   = ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"]
        Resource = "arn:${local.partition}:ecs:${local.region}:${local.account}:container-instance/*"
      },
      {
        # Why *: as above; only while the instance registers.
        Sid       = "TagItself"
        Effect    = "Allow"
        Action    = "ecs:TagResource"
        Resource  = "arn:${local.partition}:ecs:${local.region}:${local.account}:container-instance/*"
        Condition = { StringEquals = { "ecs:CreateAction" = "RegisterContainerInstance" } }
      },
    ]
  })
}

resource "aws_iam_instance_profile" "instance" {
  name = "${var.name}-instance"
  role = aws_iam_role.instance.name
}
