"""S3 event -> SQS -> job of AWS Batch. Start reading at plan.py."""
