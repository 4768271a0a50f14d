# SPDX-License-Identifier: GPL-2.0-or-later
"""The ways in which a scenario ends before its last line."""


class ScenarioFailure(Exception):
    """The scenario has failed; the message is the reason."""


class ScenarioTimeout(ScenarioFailure):
    """Something did not happen before a time limit."""


class ScenarioSkipped(Exception):
    """The scenario cannot run here; the message is the reason."""


class CommandError(ScenarioFailure):
    """The guest could not do what a command asked for.

    errno_name -- for example "EBUSY"
    what -- what could not be done, in the guest's words
    """

    def __init__(self, command: str, errno_name: str, what: str) -> None:
        super().__init__(f"`{command}` answered {errno_name}: {what}")
        self.errno_name = errno_name
        self.what = what
