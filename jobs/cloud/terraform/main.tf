# Raw data in, images out: the modules joined. Read ingest, then compute; the others are what these two stand on, or options.

locals {
  own_network       = var.network.zones != null
  vpc_id            = local.own_network ? module.network[0].vpc_id : var.network.vpc_id
  subnet_ids        = local.own_network ? module.network[0].subnet_ids : var.network.subnet_ids
  security_group_id = local.own_network ? module.network[0].security_group_id : var.network.security_group_id
}

module "network" {
  source = "./network"
  count  = local.own_network ? 1 : 0
  name   = var.name
  zones  = var.network.zones
  cidr   = var.network.cidr
  egress = var.network.egress
}

module "storage" {
  source        = "./storage"
  name          = var.name
  fsx_reads     = var.fsx != null
  force_destroy = var.force_destroy
}

module "compute" {
  source             = "./compute"
  name               = var.name
  subnet_ids         = local.subnet_ids
  security_group_ids = [local.security_group_id]
  buckets            = module.storage.buckets
  kms_key_arn        = module.storage.kms_key_arn
  image              = var.image
  image_tag          = var.image_tag
  pricing            = var.pricing
  gpu_instance_types = var.gpu_instance_types
  max_vcpus          = var.max_vcpus
  host_script        = join("", module.fsx[*].host_script)
  read_only_mounts   = module.fsx[*].mount_path
  split_arguments    = var.split_arguments
}

module "ingest" {
  source             = "./ingest"
  name               = var.name
  buckets            = [module.storage.buckets.raw, module.storage.buckets.prepared] # what the split step prepared is the next job
  kms_key_arn        = module.storage.kms_key_arn
  submitter          = var.submitter
  job_queue_arn      = module.compute.job_queue_arns.gpu
  job_definition_arn = module.compute.job_definition_arns.gpu
  results            = join("/", compact(["s3://${module.storage.buckets.results}", var.results_prefix]))
  lambda_zip         = var.lambda_zip

  split = !var.split_archives ? null : {
    bucket         = module.storage.buckets.raw
    definition_arn = module.compute.job_definition_arns.cpu
    queue_arn      = module.compute.job_queue_arns.cpu
    prepared       = "s3://${module.storage.buckets.prepared}"
  }
}

module "fsx" {
  source                   = "./fsx"
  count                    = var.fsx == null ? 0 : 1
  name                     = var.name
  bucket                   = module.storage.buckets.raw
  vpc_id                   = local.vpc_id
  subnet_id                = local.subnet_ids[0]
  client_security_group_id = local.security_group_id
  kms_key_arn              = module.storage.kms_key_arn
  storage_gib              = var.fsx.storage_gib
  deployment               = var.fsx.deployment
}

module "gateway" {
  source      = "./gateway"
  count       = var.gateway == null ? 0 : 1
  name        = var.name
  bucket      = module.storage.buckets.results
  kms_key_arn = module.storage.kms_key_arn
  gateway_arn = var.gateway.gateway_arn
  clients     = var.gateway.clients
}

module "healthimaging" {
  source       = "./healthimaging"
  count        = var.healthimaging == null ? 0 : 1
  name         = var.name
  bucket       = module.storage.buckets.results
  kms_key_arn  = module.storage.kms_key_arn
  datastore_id = var.healthimaging.datastore_id
}

module "alarms" {
  source              = "./alarms"
  name                = var.name
  job_queue_arns      = module.compute.job_queue_arns
  manifest_queue_name = module.ingest.queue_name
  function_name       = module.ingest.function_name
  emails              = var.emails
  usd_per_job_hour    = var.usd_per_job_hour

  dead_letter_names = merge({ ingest = module.ingest.dead_letter_name },
  var.healthimaging == null ? {} : { healthimaging = module.healthimaging[0].dead_letter_name })

  state_machine_arns = merge(var.gateway == null ? {} : { gateway = module.gateway[0].state_machine_arn },
  var.healthimaging == null ? {} : { healthimaging = module.healthimaging[0].state_machine_arn })
}
