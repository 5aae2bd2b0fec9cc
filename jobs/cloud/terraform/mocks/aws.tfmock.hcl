# What the mocked provider answers in the tests of all modules: values of the right form where a module or the provider looks at the form.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}
mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}
mock_data "aws_region" {
  defaults = { name = "eu-central-1" }
}
mock_resource "aws_batch_compute_environment" {
  defaults = { arn = "arn:aws:batch:eu-central-1:111122223333:compute-environment/mock" }
}
mock_resource "aws_batch_job_definition" {
  defaults = {
    arn        = "arn:aws:batch:eu-central-1:111122223333:job-definition/mock:1"
    arn_prefix = "arn:aws:batch:eu-central-1:111122223333:job-definition/mock"
  }
}
mock_resource "aws_batch_job_queue" {
  defaults = { arn = "arn:aws:batch:eu-central-1:111122223333:job-queue/mock" }
}
mock_resource "aws_cloudformation_stack" {
  defaults = { outputs = { Id = "0123456789abcdef0123456789abcdef" } }
}
mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:eu-central-1:111122223333:rule/mock" }
}
mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:mock" }
}
mock_resource "aws_cloudwatch_metric_alarm" {
  defaults = { arn = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:mock" }
}
mock_resource "aws_ecr_repository" {
  defaults = {
    arn            = "arn:aws:ecr:eu-central-1:111122223333:repository/mock"
    repository_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/mock"
  }
}
mock_resource "aws_fsx_lustre_file_system" {
  defaults = { id = "fs-0123456789abcdef0" }
}
mock_resource "aws_iam_instance_profile" {
  defaults = { arn = "arn:aws:iam::111122223333:instance-profile/mock" }
}
mock_resource "aws_iam_policy" {
  defaults = { arn = "arn:aws:iam::111122223333:policy/mock" }
}
mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
}
mock_resource "aws_kms_key" {
  defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
}
mock_resource "aws_lambda_function" {
  defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:mock" }
}
mock_resource "aws_launch_template" {
  defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
}
mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::mock" }
}
mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:eu-central-1:111122223333:stateMachine:mock" }
}
mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:mock" }
}
mock_resource "aws_sqs_queue" {
  defaults = {
    arn = "arn:aws:sqs:eu-central-1:111122223333:mock"
    url = "https://sqs.eu-central-1.amazonaws.com/111122223333/mock"
  }
}
mock_resource "aws_storagegateway_nfs_file_share" {
  defaults = { arn = "arn:aws:storagegateway:eu-central-1:111122223333:share/share-0123abcd" }
}
