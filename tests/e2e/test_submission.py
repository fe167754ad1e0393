# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Who may send, as whom, and to whom: the submission port and the MX port refuse what they must."""

import base64
import smtplib
import unittest

from .harness import PASSWORD, WorldCase, message
from .peer import Peer, connect


class Submission(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe", "ann"], users=["joe", "ann"])
        cls.north.users["ann"] = ["ann@north.example", "desk@north.example"]
        cls.south = world.server("south.example")

    def peer(self, tls=True):
        peer = Peer(self.north.address, self.north.submission_port)
        self.addCleanup(peer.close)
        peer.hello = peer.begin(tls)
        return peer

    def plain(self, user, password, authzid=""):
        return base64.b64encode(f"{authzid}\0{user}\0{password}".encode()).decode()

    def assert_nothing_arrived(self, token):
        self.north.await_empty_queue()
        self.assertEqual(self.south.find("suzie", token), [])

    # ---- Who ----

    def test_auth_is_offered_only_under_tls(self):
        """RFC 4954 §4: no clear-text secrets on a clear line."""
        peer = self.peer(tls=False)
        self.assertNotIn("AUTH", peer.hello.text)
        self.assertIn("STARTTLS", peer.hello.text)
        reply = peer.cmd("AUTH PLAIN " + self.plain("joe@north.example", PASSWORD))
        self.assertIn(reply.code, (503, 523, 530, 538))
        self.assertEqual(peer.cmd("MAIL FROM:<joe@north.example>").code, 530)

    def test_mail_needs_auth(self):
        peer = self.peer()
        self.assertIn("AUTH", peer.hello.text)
        self.assertEqual(peer.cmd("MAIL FROM:<joe@north.example>").status, "530 5.7.0")

    def test_wrong_password_and_unknown_user_are_answered_alike(self):
        replies = []
        for user, password in (("joe@north.example", "wrong"), ("nobody@north.example", PASSWORD)):
            peer = self.peer()
            replies.append(peer.cmd("AUTH PLAIN " + self.plain(user, password)).text)
        self.assertTrue(replies[0].startswith("535 5.7.8"), replies)
        self.assertEqual(replies[0], replies[1])

    def test_acting_as_another_is_refused(self):
        peer = self.peer()
        reply = peer.cmd("AUTH PLAIN " + self.plain("joe@north.example", PASSWORD, "ann@north.example"))
        self.assertEqual(reply.code, 535)

    def test_guessing_ends_the_session(self):
        peer = self.peer()
        codes = []
        for _ in range(3):
            codes.append(peer.cmd("AUTH PLAIN " + self.plain("joe@north.example", "guess")).code)
        self.assertEqual(codes[:2], [535, 535])
        if codes[2] != 421:
            self.assertEqual(peer.reply().code, 421)
        self.assertTrue(peer.at_end())

    def test_auth_without_initial_response_and_cancelled(self):
        peer = self.peer()
        self.assertEqual(peer.cmd("AUTH PLAIN").code, 334)
        self.assertEqual(peer.cmd("*").code, 501)  # RFC 4954 §4
        self.assertEqual(peer.cmd("AUTH PLAIN").code, 334)
        self.assertEqual(peer.cmd(self.plain("joe@north.example", PASSWORD)).status, "235 2.7.0")
        self.assertEqual(peer.cmd("AUTH PLAIN").code, 503)  # once a session

    # ---- As whom ----

    def test_envelope_sender_must_be_the_users(self):
        with self.north.login("joe") as client, self.assertRaises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("ann@north.example", ["suzie@south.example"], b"x")
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assertTrue(refused.exception.smtp_error.startswith(b"5.7.1"))

    def test_author_must_be_the_users(self):
        with self.north.login("joe") as client, self.assertRaises(smtplib.SMTPDataError) as refused:
            client.sendmail("joe@north.example", ["suzie@south.example"],
                            message("ann@north.example", "suzie@south.example", "as-1"))
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assert_nothing_arrived("as-1")

    def test_every_author_must_be_the_users(self):
        octets = message("joe@north.example, ann@north.example", "suzie@south.example", "as-2")
        with self.north.login("joe") as client, self.assertRaises(smtplib.SMTPDataError):
            client.sendmail("joe@north.example", ["suzie@south.example"], octets)
        twice = b"From: ceo@bank.example\r\n" + message("joe@north.example", "suzie@south.example", "as-2")
        with self.north.login("joe") as client, self.assertRaises(smtplib.SMTPDataError):
            client.sendmail("joe@north.example", ["suzie@south.example"], twice)
        self.assert_nothing_arrived("as-2")

    def test_a_second_address_of_the_user_is_fine(self):
        self.north.submit("ann", "suzie@south.example", message("desk@north.example", "suzie@south.example", "as-3"),
                          sender="desk@north.example")
        mail = self.south.await_mail("suzie", "as-3")
        self.assert_results(mail, "mx.south.example", "cas=pass", "smtp.mailfrom=desk@north.example")

    # ---- To whom ----

    def test_the_mx_port_is_no_open_relay(self):
        for tls in (True, False):
            with connect(self.north, tls=tls) as peer:
                self.assertEqual(peer.cmd("MAIL FROM:<joe@north.example>").code, 250)
                for rcpt in ("suzie@south.example", "suzie%south.example@elsewhere.example",
                             "joe@north.example.", "suzie@[127.0.0.1]", "@south.example:suzie@elsewhere.example"):
                    self.assertIn(peer.cmd(f"RCPT TO:<{rcpt}>").code, (501, 550, 551, 553, 554), rcpt)
                # A percent sign is an ordinary character: nobody here has such a mailbox.
                self.assertEqual(peer.cmd("RCPT TO:<suzie%south.example@north.example>").status, "550 5.1.1")
                self.assertIn(peer.cmd("DATA").code, (503, 554))  # RFC 5321 §3.3: no valid recipients

    def test_the_mx_port_offers_no_auth_and_the_submission_port_no_cas(self):
        with connect(self.north) as peer:
            self.assertIn("CAS 1", peer.hello.text)
            self.assertNotIn("AUTH", peer.hello.text)
            self.assertNotIn("STARTTLS", peer.hello.text)
        with connect(self.north, tls=False) as peer:
            self.assertNotIn("CAS 1", peer.hello.text)  # CAS §5.8: after TLS
            self.assertIn("STARTTLS", peer.hello.text)
        self.assertNotIn("CAS 1", self.peer().hello.text)

    def test_unknown_local_recipient_is_told_at_once(self):
        with self.north.login("joe") as client, self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("joe@north.example", ["nobody@north.example"], b"x")
        self.assertEqual(refused.exception.recipients["nobody@north.example"][0], 550)


if __name__ == "__main__":
    unittest.main()
