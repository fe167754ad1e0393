# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A mail program that is not ours: swaks submits, the message arrives confirmed."""

import shutil
import subprocess
import unittest

from .harness import BOUND, PASSWORD, WorldCase


@unittest.skipUnless(shutil.which("swaks"), "swaks is not installed")
class Swaks(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def swaks(self, *arguments):
        command = ["swaks", "--server", self.north.address, "--port", str(self.north.submission_port), "--helo",
                   "client.example", "--from", "joe@north.example", "--to", "suzie@south.example", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=BOUND)

    def test_submits_with_auth_over_starttls_and_arrives_confirmed(self):
        done = self.swaks("--tls", "--auth", "PLAIN", "--auth-user", "joe@north.example", "--auth-password", PASSWORD,
                          "--header", "Subject: swaks-1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assert_results(self.south.await_mail("suzie", "Subject: swaks-1"), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed")

    def test_without_auth_it_is_refused(self):
        done = self.swaks("--tls", "--header", "Subject: swaks-2")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("530 5.7.0", done.stdout)


if __name__ == "__main__":
    unittest.main()
