# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Domains whose mailboxes are behind an LMTP or SMTP server."""

import smtplib
import unittest

from .harness import WorldCase, message, poll
from .peer import Sink


class Backend(WorldCase):
    @classmethod
    def build(cls, world):
        cls.answers = {}
        address = world.new_address()

        def answer(verb, argument):
            return next((reply for (what, who), replies in cls.answers.items() if what == verb and who in argument
                         for reply in [replies.pop(0) if replies else None]), None)

        path = world.directory / "lmtp"
        cls.unix = Sink(str(path), None, answer, lmtp=True)
        cls.tcp = Sink(address, world.port + 1, answer, lmtp=True)
        cls.smtp = Sink(address, world.port + 2, answer, keywords=("PIPELINING", "LIMITS RCPTMAX=2"))
        for sink in (cls.unix, cls.tcp, cls.smtp):
            cls.addClassCleanup(sink.close)
        cls.south = world.server("unix.example", mailboxes=["suzie", "bob", "eve"])
        cls.south.domains[0]["deliver"] = f"lmtp:unix:{path}"
        cls.south.add_domain("tcp.example", ["suzie"])
        cls.south.domains[1]["deliver"] = f"lmtp:{address}:{world.port + 1}"
        cls.south.add_domain("smtp.example", ["suzie", "bob", "eve"])
        cls.south.domains[2]["deliver"] = f"smtp:{address}:{world.port + 2}"
        cls.south.add_domain("here.example", ["joe"])

    def hand_in(self, to, token, sender="joe@elsewhere.example"):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
            client.sendmail(sender, to, message("joe@elsewhere.example", to, token))

    def got(self, sink, token):
        return [m for m in sink.messages if token.encode() in m[2]]

    def test_each_way_brings_the_message_with_our_results_and_envelope(self):
        for sink, domain in ((self.unix, "unix.example"), (self.tcp, "tcp.example"), (self.smtp, "smtp.example")):
            with self.subTest(domain):
                self.hand_in([f"suzie@{domain}"], f"way-{domain}")
                [(sender, to, octets)] = poll(lambda s=sink, d=domain: self.got(s, f"way-{d}"), "it is there")
                self.assertIn("<joe@elsewhere.example>", sender)
                self.assertEqual(to, [f"suzie@{domain}"])
                self.assertTrue(octets.startswith(b"Authentication-Results: mx.unix.example"), octets)
                self.assertNotIn(b"DKIM-Signature", octets)

    def test_a_domain_with_a_maildir_keeps_it(self):
        self.hand_in(["joe@here.example"], "keeps-maildir")
        self.south.await_mail("joe", "keeps-maildir", domain="here.example")

    def test_who_does_not_exist_is_refused_at_rcpt(self):
        with self.assertRaises(smtplib.SMTPRecipientsRefused):
            self.hand_in(["nobody@unix.example"], "nobody")

    def test_each_recipient_has_a_reply_of_its_own(self):
        """RFC 2033 §4.2: one took it, one waits, one is refused for good at the end of data."""
        token = "own-reply"
        self.answers[("END", "bob@unix.example")] = ["452 4.2.2 full"]
        self.answers[("END", "eve@unix.example")] = ["550 5.2.1 closed"]
        self.hand_in(["suzie@unix.example", "bob@unix.example", "eve@unix.example"], token)
        poll(lambda: sorted(m[1][0] for m in self.got(self.unix, token)) == ["bob@unix.example", "suzie@unix.example"],
             "bob got it at last, suzie once")
        self.assertIn("550 5.2.1 closed", self.south.log.read_text())

    def test_no_more_recipients_than_the_server_wants(self):
        """RFC 9422: RCPTMAX=2, and one session."""
        before = len(self.smtp.commands)
        to = [f"{who}@smtp.example" for who in ("suzie", "bob", "eve")]
        self.hand_in(to, "rcptmax")
        poll(lambda: len(self.got(self.smtp, "rcptmax")) == 2, "two transactions")
        self.assertEqual([m[1] for m in self.got(self.smtp, "rcptmax")], [to[:2], to[2:]])
        said = self.smtp.commands[before:]
        self.assertEqual(sum(c.startswith("EHLO") for c in said), 1)

    def test_who_was_too_many_comes_in_the_next_transaction(self):
        """RFC 5321 §4.5.3.1.10."""
        self.answers[("RCPT", "eve@unix.example")] = ["452 4.5.3 too many"]
        self.hand_in(["bob@unix.example", "eve@unix.example"], "too-many")
        poll(lambda: len(self.got(self.unix, "too-many")) == 2, "both have it")
        self.assertNotIn("too many", self.south.log.read_text())  # no recipient was told so


if __name__ == "__main__":
    unittest.main()
