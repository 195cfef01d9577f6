"""What is changed around a lab while one is active, and put back when the last one closes.

- **The environment**: profiles, configuration and credential files, endpoint variables and the
  instance-metadata service are out of reach, and keys, region and account are the lab's, so that
  ``boto3.client("s3")`` works on a laptop that has never heard of AWS and never touches the
  account of one that has.
- **Sleeping**: a waiter or a polling loop that sleeps would wait forever, since virtual time
  stands still between two calls. ``time.sleep`` called by botocore, the AWS CLI or the learner's
  own code on the main thread lets the lab's time pass instead. Everybody else's sleep is a real
  one: an HTTP server, a test runner or a browser driver that sleeps in a loop must not spin, nor
  move the lab's clock.
- **Named profiles**: ``boto3.Session(profile_name="prod")`` gets an error that explains.
- **Transfers**: s3transfer uploads parts from threads; their order is not deterministic, so inside
  a lab it runs without threads.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from copy import copy
from typing import Any

_REMOVED = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CA_BUNDLE",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_RETRY_MODE",
    "AWS_MAX_ATTEMPTS",
    "AWS_DATA_PATH",
    "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES",
    "AWS_SDK_UA_APP_ID",
)

_SET = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)

_SLEEPERS_AT_WORK = ("botocore.", "boto3.", "awscli.", "s3transfer.")


def neutralised(name: str) -> bool:
    """Whether a lab takes a variable of the environment away, or puts its own in its place."""
    return name in _REMOVED or name in _SET or name.startswith("AWS_ENDPOINT_URL")


class Surroundings:
    """See the head of this file. One per process."""

    def __init__(self) -> None:
        self._environment: dict[str, str | None] = {}
        self._sleep: Any = None
        self._scoped_config: Any = None
        self._advance: Callable[[float], bool] = lambda seconds: False

    # -- environment
    def set_environment(self, access_key: str, secret: str, region: str) -> None:
        """Let new clients find the lab's keys and region, and nothing else."""
        wanted: dict[str, str | None] = dict.fromkeys(_REMOVED)
        wanted |= {name: None for name in os.environ if name.startswith("AWS_ENDPOINT_URL")}
        wanted |= {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        }
        for name, value in wanted.items():
            self._environment.setdefault(name, os.environ.get(name))
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def restore_environment(self) -> None:
        """Put the environment back as the first lab found it."""
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environment = {}

    # -- patches
    def up(self, advance: Callable[[float], bool]) -> None:
        """Install the patches; ``advance(seconds)`` lets the active lab's time pass.

        ``advance`` answers False when no lab wants it (live mode, inside an event): then the
        sleep is a real one.
        """
        self._advance = advance
        if self._sleep is not None:
            return
        real_sleep = self._sleep = time.sleep
        surroundings = self

        def sleep(seconds: float) -> None:
            caller = sys._getframe(1)
            if not (_lab_time_for(caller) and surroundings._advance(seconds)):
                real_sleep(seconds)

        time.sleep = sleep  # type: ignore[assignment]
        self._explain_profiles()
        self._single_threaded_transfers()

    def down(self) -> None:
        """Take the patches away."""
        if self._sleep is None:
            return
        time.sleep = self._sleep
        self._sleep = None
        from botocore.session import Session

        Session.get_scoped_config = self._scoped_config

    def _explain_profiles(self) -> None:
        from botocore.exceptions import ProfileNotFound
        from botocore.session import Session

        original = self._scoped_config = Session.get_scoped_config

        class NoProfilesInALab(ProfileNotFound):  # type: ignore[misc]
            fmt = (
                "The config profile ({profile}) can't be used: a lab is active, and inside a lab "
                "no configuration or credentials file of this machine is read. Leave profile_name "
                "out; lab.user(...), lab.assume(...) and lab.root() give other identities."
            )

        def get_scoped_config(session: Any) -> Any:
            try:
                return original(session)
            except ProfileNotFound as problem:
                raise NoProfilesInALab(profile=session.profile) from problem

        Session.get_scoped_config = get_scoped_config

    def _single_threaded_transfers(self) -> None:
        """Let boto3's transfers run in the calling thread while a lab is active."""
        import boto3.s3.transfer as transfer

        if getattr(transfer, "_labkit_original", None) is not None:
            return
        original = transfer.create_transfer_manager
        transfer._labkit_original = original
        surroundings = self

        def create_transfer_manager(client: Any, config: Any, osutil: Any = None) -> Any:
            if surroundings._sleep is not None:
                config = copy(config)  # the caller's own stays as it is, also after the lab
                config.use_threads = False
            return original(client, config, osutil)

        transfer.create_transfer_manager = create_transfer_manager


_OTHERS: tuple[str, ...] = tuple(
    {
        os.path.normcase(path) + os.sep
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
        if (path := sysconfig.get_paths().get(name))
    }
)


def _lab_time_for(frame: Any) -> bool:
    """Whether the code of ``frame`` lives in the lab's time (see the head of this file)."""
    name: str = frame.f_globals.get("__name__", "")
    if name.startswith(_SLEEPERS_AT_WORK):
        return True
    if threading.current_thread() is not threading.main_thread():
        return False
    if name.startswith("labkit."):
        return False
    return not os.path.normcase(frame.f_code.co_filename).startswith(_OTHERS)


#: The one set of surroundings of this process.
SURROUNDINGS = Surroundings()
