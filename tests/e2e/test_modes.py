# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a stranger without CAS meets at domains of each mode, and what a domain without a key meets (CAS §7.1, CAS §8.2)."""

import smtplib
import unittest

from .harness import WorldCase, message
from .peer import connect, dot


class Modes(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.quiet = world.server("quiet.example", mailboxes=["ann"], users=["ann"], signing=False)
        cls.south = world.server("south.example", mode="optional")
        mailboxes = ["olga", "postmaster", "abuse"]
        cls.south.add_domain("strict.south.example", mailboxes, mode="required")
        cls.south.add_domain("off.south.example", ["walter"], mode="off")

    def rcpt(self, *addresses, tls=True, sender="stranger@west.example"):
        with connect(self.south, tls=tls) as peer:
            replies = peer.pipeline(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{a}>" for a in addresses))
            self.assertEqual(replies[0].code, 250)
            return replies[1:]

    def test_required_refuses_a_stranger_at_rcpt(self):
        for tls in (True, False):
            reply, = self.rcpt("olga@strict.south.example", tls=tls)
            self.assertEqual(reply.status, "530 5.7.0")
            self.assertIn("[CAS:required]", reply.text)

    def test_required_tells_nobody_which_mailboxes_exist(self):
        """CAS §8.5: replies at required do not depend on mailbox existence."""
        known, unknown = self.rcpt("olga@strict.south.example", "nobody@strict.south.example")
        self.assertEqual(known.text.replace("olga", "x"), unknown.text.replace("nobody", "x"))

    def test_required_refuses_the_null_sender_too(self):
        reply, = self.rcpt("olga@strict.south.example", sender="")
        self.assertEqual(reply.status, "530 5.7.0")

    def test_postmaster_and_abuse_are_open(self):
        """RFC 5321 §4.5.1, RFC 2142; whatever the case (RFC 5321 §4.1.1.3)."""
        for reply in self.rcpt("postmaster@strict.south.example", "abuse@strict.south.example",
                               "Postmaster@strict.south.example"):
            self.assertEqual(reply.status, "250 2.1.5")
            self.assertIn("[CAS:exempt]", reply.text)

    def test_exempt_mail_arrives_and_says_so(self):
        with connect(self.south) as peer:
            peer.pipeline("MAIL FROM:<stranger@west.example>", "RCPT TO:<postmaster@strict.south.example>", "DATA")
            peer.send(dot(message("stranger@west.example", "postmaster@strict.south.example", "exempt-1")))
            self.assertEqual(peer.reply().code, 250)
        mail = self.south.await_mail("postmaster", "exempt-1", domain="strict.south.example")
        self.assert_results(mail, "mx.south.example", "cas=none", "policy.cas=exempt")

    def test_optional_and_off_accept_a_stranger_unconfirmed(self):
        for mailbox, domain in (("suzie", "south.example"), ("walter", "off.south.example")):
            token = f"stranger-{mailbox}"
            with connect(self.south) as peer:
                replies = peer.pipeline("MAIL FROM:<stranger@west.example>", f"RCPT TO:<{mailbox}@{domain}>", "DATA")
                self.assertEqual([r.code for r in replies], [250, 250, 354])
                self.assertNotIn("confirmed", replies[1].text)
                peer.send(dot(message("stranger@west.example", f"{mailbox}@{domain}", token)))
                self.assertEqual(peer.reply().code, 250)
            mail = self.south.await_mail(mailbox, token, domain=domain)
            self.assert_results(mail, "mx.south.example", "cas=none", "smtp.mailfrom=stranger@west.example")

    def test_optional_tells_that_a_mailbox_is_unknown(self):
        """CAS §8.5: hiding it would make backscatter."""
        reply, = self.rcpt("nobody@south.example")
        self.assertEqual(reply.status, "550 5.1.1")

    def test_signed_mail_reaches_every_mode_and_is_confirmed_where_spoken(self):
        for mailbox, domain in (("suzie", "south.example"), ("olga", "strict.south.example")):
            token = f"signed-{mailbox}"
            self.north.submit("joe", f"{mailbox}@{domain}", message("joe@north.example", f"{mailbox}@{domain}", token))
            mail = self.south.await_mail(mailbox, token, domain=domain)
            self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed")
        self.north.submit("joe", "walter@off.south.example", message("joe@north.example", "w@x.example", "signed-off"))
        self.south.await_mail("walter", "signed-off", domain="off.south.example")

    def test_domain_without_a_key_sends_unconfirmed(self):
        self.quiet.submit("ann", "suzie@south.example", message("ann@quiet.example", "suzie@south.example", "quiet-1"))
        self.assert_results(self.south.await_mail("suzie", "quiet-1"), "mx.south.example", "cas=none")

    def test_domain_without_a_key_hears_why_it_was_refused(self):
        octets = message("ann@quiet.example", "olga@strict.south.example", "quiet-2")
        self.quiet.submit("ann", "olga@strict.south.example", octets)
        report = self.quiet.await_mail("ann", "olga@strict.south.example")
        self.assertIn(b"[CAS:required]", report.raw)
        self.assertEqual(self.south.find("olga", "quiet-2", domain="strict.south.example"), [])

    def test_no_starttls_no_cas_still_accepts_smtplib(self):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, timeout=60) as client:
            client.sendmail("s@west.example", ["suzie@south.example"],
                            message("s@west.example", "suzie@south.example", "clear-1"))
        self.assert_results(self.south.await_mail("suzie", "clear-1"), "mx.south.example", "cas=none")


if __name__ == "__main__":
    unittest.main()
