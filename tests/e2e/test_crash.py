# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Servers that end under load, on either side, at random moments and at the worst one (crash.py). kill -9: nothing
acknowledged is lost, nothing is there twice but through the one window that SMTP leaves and CAS closes. SIGTERM: nothing
is cut, and nothing is sent again."""

import unittest

from . import crash
from .seed import SEED, TORTURE


class Ends(unittest.TestCase):
    def play(self, plain, gentle=False):
        faults = crash.run(kills=6 * TORTURE, clients=3, between=0.3, seed=SEED, plain=plain, gentle=gentle)
        self.assertEqual(faults, [])

    def test_killed_with_cas_everything_is_there_once(self):
        self.play(plain=False)

    def test_killed_without_cas_only_the_window_of_smtp_doubles(self):
        self.play(plain=True)

    def test_asked_to_end_with_cas_everything_is_there_once(self):
        self.play(plain=False, gentle=True)

    def test_asked_to_end_without_cas_everything_is_there_once(self):
        self.play(plain=True, gentle=True)


if __name__ == "__main__":
    unittest.main()
