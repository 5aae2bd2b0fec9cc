"""Runs an AWS Batch job definition on this machine, by the rules of the service. Start reading at queue.py."""
