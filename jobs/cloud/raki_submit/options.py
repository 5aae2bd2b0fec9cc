"""What a user can choose: the names, defaults and help of the command line stand here and nowhere else. Lambda has the environment only."""

import dataclasses

from raki_cloud import command_line, s3
from raki_cloud.exits import Exit, Stop

from .plan import Targets
from .submit import Settings

EPILOG = ("A name in [brackets] is that of an environment variable, which counts where the option is not given. Credentials come from where boto3 "
          "looks for them.")
NEEDED = ("job_queue", "job_definition", "results", "dead_letters")
MOST = {"wait": 20, "visibility": 43200, "lease": 43200}  # seconds, SQS's limits


def _option(default, help_text, **more):
    return command_line.option(default, help_text, from_environment=True, **more)


@dataclasses.dataclass(frozen=True)
class Options:
    """Turn manifests that arrive in S3 into jobs of AWS Batch: poll a queue of SQS until SIGTERM."""

    queue: str = _option("", "queue of events to poll; not for Lambda, which is given them", metavar="URL")
    job_queue: str = _option("", "queue of Batch", metavar="NAME")
    job_definition: str = _option("", "job definition of Batch; its command holds Ref::manifest", metavar="NAME")
    results: str = _option("", "where submissions are noted, below it in submitted/, and results of archives go", metavar="s3://...")
    dead_letters: str = _option("", "queue for messages that can never become a job", metavar="URL")
    split_definition: str = _option("", "job definition for archives; its command holds Ref::archive, Ref::etag, Ref::output, Ref::results",
                                    metavar="NAME")
    split_queue: str = _option("", "queue of Batch for archives, where it is another", metavar="NAME")
    prepared: str = _option("", "where archives are unpacked to; needed with --split-definition", metavar="s3://...")
    lease: float = _option(120.0, "a submitter that began so long ago, and did not end, is taken for dead", metavar="SECONDS")
    visibility: float = _option(120.0, "a message whose submitter died comes again after this time", metavar="SECONDS", least=1)
    wait: float = _option(20.0, "a poll waits so long for messages", metavar="SECONDS", least=0)
    until_empty: bool = _option(False, "end when a poll brings nothing")
    write_lambda_zip: str = command_line.option("", "write the code for AWS Lambda (handler raki_submit.aws_lambda.handler) and end", metavar="FILE")

    def settings(self):
        """Throws Stop(78) where something needed is missing or wrong."""
        for name in NEEDED:
            if not getattr(self, name):
                raise _wrong("nothing", "a value", name)
        if bool(self.split_definition) != bool(self.prepared):
            raise _wrong("one of two", "both or neither", "split_definition" if self.prepared else "prepared")
        for name, most in MOST.items():
            if getattr(self, name) > most:
                raise _wrong(f"{getattr(self, name):g}", f"at most {most}", name)
        targets = Targets(self.job_queue, self.job_definition, _prefix(self, "results"), self.split_definition, self.split_queue,
                          _prefix(self, "prepared") if self.prepared else "")
        return Settings(targets, self.dead_letters, self.lease)


def _prefix(options, name):
    if s3.place_of(getattr(options, name)) is None:
        raise _wrong("something else", "s3://BUCKET/PREFIX", name)
    return getattr(options, name).rstrip("/")


def _wrong(found, expected, name):
    return Stop(Exit.CONFIGURATION, f"Wrong setting: found {found}, expected {expected}. At --{name.replace('_', '-')} or RAKI_{name.upper()}. "
                                    "See raki-submit --help.")


def parse(arguments, environment):
    return command_line.parse(Options, "raki-submit", arguments, environment, EPILOG)
