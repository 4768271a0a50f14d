# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of fastrebootd on the host, by topic; ../run-daemon.py runs them.

machine.py and volume.py are what they share. A new test is a function with
@test in one of the other modules; a new module is a word in both lists below.
"""

from . import (commit, confirm, dependents, descriptors, doctor, manifests,
               objects, root_images, setup, staging, surroundings, verbs,
               wipe)

__all__ = ["commit", "confirm", "dependents", "descriptors", "doctor",
           "manifests", "objects", "root_images", "staging", "surroundings",
           "verbs", "wipe"]
