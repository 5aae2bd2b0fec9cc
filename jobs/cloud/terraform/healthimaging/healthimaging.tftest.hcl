mock_provider "aws" {
  source = "../mocks"
}

variables {
  name   = "site"
  bucket = "site-results"
}

run "published_series_are_imported" {
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.published.event_pattern).detail == { bucket = { name = ["site-results"] }, object = { key = [{ suffix = "/_SUCCESS.json" }] } }
    error_message = "other events than published results start imports"
  }
  assert {
    condition = jsondecode(aws_sfn_state_machine.import.definition).States.EachSeries.ItemProcessor.States.Import.Arguments == {
      DatastoreId       = "0123456789abcdef0123456789abcdef"
      DataAccessRoleArn = aws_iam_role.import.arn
      ClientToken       = "{% $hash($states.input, 'SHA-256') %}"
      InputS3Uri        = "{% 's3://site-results/' & $states.input %}"
      OutputS3Uri       = "s3://site-results/healthimaging/"
    }
    error_message = "imports are not started as HealthImaging takes them"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.starter.policy).Statement[2].Condition.StringEquals["iam:PassedToService"] == "medical-imaging.amazonaws.com" && jsondecode(aws_iam_role_policy.starter.policy).Statement[1].Resource == "arn:aws:medical-imaging:eu-central-1:111122223333:datastore/0123456789abcdef0123456789abcdef"
    error_message = "the role may be lent to others, or imports go into other data stores"
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.import.policy).Statement : statement.Resource if statement.Action == "s3:PutObject"] == ["arn:aws:s3:::site-results/healthimaging/*"]
    error_message = "HealthImaging may write more than its reports"
  }
  assert {
    condition     = jsondecode(aws_cloudformation_stack.datastore[0].template_body).Resources.Store.DeletionPolicy == "Retain"
    error_message = "destroying deletes images"
  }
}

run "a_result_without_series_is_a_failure" {
  assert {
    condition     = jsondecode(aws_sfn_state_machine.import.definition).States.AnySeries.Default == "NoSeries" && jsondecode(aws_sfn_state_machine.import.definition).States.NoSeries.Type == "Fail"
    error_message = "a result of which nothing is imported looks like a success"
  }
}

run "an_existing_data_store" {
  variables {
    datastore_id = "abcdef0123456789abcdef0123456789"
  }
  assert {
    condition     = length(aws_cloudformation_stack.datastore) == 0 && output.datastore_id == var.datastore_id
    error_message = "a second data store is made"
  }
}

run "refuses" {
  command = plan
  variables {
    datastore_id  = "x"
    report_prefix = "/a"
  }
  expect_failures = [var.datastore_id, var.report_prefix]
}
