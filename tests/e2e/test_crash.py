# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, on either side, at random moments and at the worst one: nothing acknowledged is lost, nothing is
there twice but through the one window that SMTP leaves and CAS closes (crash.py, crash_watch.py)."""

import sys
import unittest

from . import crash
from .harness import World
from .seed import SEED, TORTURE


class Kills(unittest.TestCase):
    def play(self, plain):
        world = World()
        faults = []
        try:
            faults, figures = crash.play(world, kills=6 * TORTURE, clients=3, between=0.3, seed=SEED, plain=plain)
            print(figures, file=sys.stderr)
        finally:
            if end := world.close():
                faults.append(end)
            if faults or sys.exc_info()[0]:
                world.show()
            world.remove()
        self.assertEqual(faults, [])

    def test_with_cas_everything_is_there_once(self):
        self.play(plain=False)

    def test_without_cas_only_the_window_of_smtp_doubles(self):
        self.play(plain=True)


if __name__ == "__main__":
    unittest.main()
