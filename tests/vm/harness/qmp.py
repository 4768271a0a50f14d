# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's monitor: messages in, messages out. Machine does the waiting."""

from __future__ import annotations

import json
import socket
from typing import Any

Message = dict[str, Any]


class Monitor:
    """A QMP connection.

    events -- names of the events that arrived and were not taken yet
    """

    def __init__(self, link: socket.socket) -> None:
        self.events: list[str] = []
        self._link = link
        self._rest = b""
        self._replies: dict[int, Message] = {}
        self._last_id = 0

    def fileno(self) -> int:
        """For select()."""
        return self._link.fileno()

    def send(self, command: str, arguments: Message | None = None) -> int:
        """Send a command; return the id of its reply."""
        self._last_id += 1
        message: Message = {"execute": command, "id": self._last_id}
        if arguments:
            message["arguments"] = arguments
        self._link.sendall(json.dumps(message).encode() + b"\n")
        return self._last_id

    def reply(self, number: int) -> Message | None:
        """The reply to a command, once it has arrived."""
        return self._replies.pop(number, None)

    def receive(self) -> bool:
        """Take in what has arrived; return False at the end of all."""
        try:
            data = self._link.recv(65536)
        except ConnectionError:
            data = b""
        *complete, self._rest = (self._rest + data).split(b"\n")
        for line in complete:
            if line.strip():
                self._take(json.loads(line))
        return bool(data)

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def _take(self, message: Message) -> None:
        if "event" in message:
            self.events.append(message["event"])
        elif "id" in message:
            self._replies[message["id"]] = message
