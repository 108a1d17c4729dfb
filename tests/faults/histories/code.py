"""Every name that a story's text uses: import all of it where one is pasted."""

from __future__ import annotations

from tests.faults.histories.data import *  # noqa: F403
from tests.faults.histories.definitions import Entry
from tests.faults.histories.mapping import *  # noqa: F403
from tests.faults.histories.places import *  # noqa: F403
from tests.faults.histories.policies import *  # noqa: F403
from tests.faults.histories.runs import *  # noqa: F403
from tests.faults.histories.stories import Story

assert Entry and Story
