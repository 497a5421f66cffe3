"""Puts this process's clock back by ASKER_BEHIND seconds.

The SDKs and az take the last five minutes of a token as over. To a clock that is 295 seconds slow these
are five seconds, so that tokens of half a minute can stand for those of an hour.
"""

import os
import time

_now, seconds = time.time, float(os.environ.get("ASKER_BEHIND", "0"))
time.time = lambda: _now() - seconds


def now():
    """The true time."""
    return _now()
