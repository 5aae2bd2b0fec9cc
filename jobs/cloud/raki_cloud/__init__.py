"""What the tools of jobs/cloud share: exit codes, log lines, S3, who a job is, manifests."""
