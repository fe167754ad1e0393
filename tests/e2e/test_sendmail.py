# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas sendmail`: programs of this machine submit without a password; the system says who they are."""

import getpass
import os
import shutil
import subprocess
import unittest

from .harness import BOUND, CAS, WorldCase

USAGE, DATA, NOUSER, TEMPFAIL, NOPERM = 64, 65, 67, 75, 77


class Sendmail(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe", "suzie"], users=["joe"])
        cls.folder = world.directory / "socket"
        cls.socket = cls.folder / "submission.sock"
        cls.north.top["submission_socket"] = cls.socket
        world.directory.chmod(0o711)

    def hand(self, *arguments, text="Subject: none\n\nHello.\n", status=0, argv0=None, **more):
        done = subprocess.run([argv0 or CAS, *([] if argv0 else ["sendmail"]), *arguments], input=text, text=True,
                              capture_output=True, timeout=BOUND,
                              env=dict(os.environ, CAS_SUBMISSION_SOCKET=str(self.socket)), **more)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def test_a_message_gets_what_it_lacks(self):
        self.hand("suzie@north.example", text="Subject: sendmail-1\n\n.dot\n.\nnot any more\n")
        mail = self.north.await_mail("suzie", "sendmail-1")
        user = getpass.getuser()
        self.assertIn(f"{user}@mx.north.example", mail["From"])
        self.assertEqual(mail["Return-Path"], f"<{user}@mx.north.example>")
        self.assertTrue(mail["Date"] and mail["Message-ID"])
        self.assertIn(b"\n.dot\n", mail.raw)
        self.assertNotIn(b"not any more", mail.raw)

    def test_recipients_come_from_the_header_and_bcc_goes(self):
        self.hand("-t", "-oi", text="To: suzie@north.example\nBcc: joe@north.example\nSubject: sendmail-2\n\n.\nend\n")
        for mailbox in ("suzie", "joe"):
            mail = self.north.await_mail(mailbox, "sendmail-2")
            self.assertIsNone(mail["Bcc"])
            self.assertIn(b"\n.\nend\n", mail.raw)

    def test_as_a_link_named_sendmail(self):
        link = self.world.directory / "sendmail"
        link.symlink_to(os.path.abspath(CAS))
        self.hand("-i", "suzie@north.example", text="Subject: sendmail-3\n\nHello.\n", argv0=str(link))
        self.north.await_mail("suzie", "sendmail-3")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_who_is_not_root_writes_as_himself_alone(self):
        own = self.world.directory / "cas-for-all"
        shutil.copyfile(CAS, own)
        own.chmod(0o755)

        def as_nobody(*arguments, **more):
            return self.hand("sendmail", *arguments, argv0=str(own), user="nobody", group="nogroup", extra_groups=[],
                             cwd="/", **more)

        as_nobody("suzie@north.example", text="Subject: sendmail-4\n\nHello.\n")
        self.assertEqual(self.north.await_mail("suzie", "sendmail-4")["Return-Path"], "<nobody@mx.north.example>")
        told = as_nobody("-f", "joe@north.example", "suzie@north.example", status=NOPERM)
        self.assertIn("sender was refused", told)
        as_nobody("suzie@north.example", text="From: joe@north.example\nSubject: sendmail-5\n\nHello.\n", status=69)
        self.assertEqual(self.north.find("suzie", "sendmail-5"), [])

    def test_what_is_wrong_is_said(self):
        self.assertIn("no recipient", self.hand(status=DATA))
        self.assertIn("-bd", self.hand("-bd", status=USAGE))
        self.assertIn("nobody@north.example", self.hand("nobody@north.example", status=NOUSER))
        self.assertIn("Is it running", self.hand("--socket", "/nonexistent.sock", "suzie@north.example", status=TEMPFAIL))


if __name__ == "__main__":
    unittest.main()
