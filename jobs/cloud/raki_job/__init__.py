"""The entry point of containers and cluster jobs. Start reading at run.py."""
