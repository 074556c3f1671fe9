"""The real clock."""

import random
import time
from datetime import UTC, datetime
from uuid import uuid4

from eventgateway.core.event import Stamp


class SystemClock:
    """Implements `Clock`."""

    def time(self) -> float:
        """See `Clock`."""
        return time.time()

    def jitter(self) -> float:
        """See `Clock`."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def stamp(self) -> Stamp:
        """See `Clock`."""
        return Stamp(str(uuid4()), datetime.now(UTC).isoformat().replace("+00:00", "Z"))
