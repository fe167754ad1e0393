# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Forwarders, on both sides. Aliases that lead elsewhere: west writes to an alias at north, which leads to east. The envelope sender is one of
north's (SRS), a bounce finds its way back, and nobody borrows north's name. Who trusts a forwarder gets what it signs
confirmed."""

import re
import smtplib
import unittest

from .cas_py import Intent, SigningKey
from .harness import WorldCase, cas, message, poll, txt
from .peer import Sink, connect, dot

BOUNCE = "From: <postmaster@{}>\r\nTo: <x@x.example>\r\nSubject: {}\r\nDate: Fri, 27 Nov 2026 04:00:00 +0000\r\n\r\nIt came back.\r\n"


class Forwarding(WorldCase):
    @classmethod
    def build(cls, world):
        cls.west = world.server("west.example", mailboxes=["joe", "a-rather-long-name-for-a-mailbox-of-somebody"],
                                users=["joe", "sales"])
        cls.west.domains[0].update(mailboxes=None, more=dict(recipients="file", recipients_file=world.directory / "west"))
        (world.directory / "west").write_text("joe\na-rather-long-name-for-a-mailbox-of-somebody\nsales: joe\n")
        cls.north = world.server("north.example", mailboxes=[])
        (world.directory / "north").write_text("ann\nfwd: kim@east.example\nboth: ann, kim@east.example\nlost: nobody@gone.example\n"
                                               "late: late@east.example\nown: ann@strict.example\n")
        cls.north.domains[0].update(mailboxes=None, more=dict(recipients="file", recipients_file=world.directory / "north"))
        cls.north.add_domain("strict.example", ["ann"], mode="required", catch_all="kim@east.example")
        cls.east = world.server("east.example", mailboxes=["kim"])
        (world.directory / "east").write_text("kim\nlate: whoever@gone.example\n")
        cls.east.domains[0].update(mailboxes=None, authentication="act",
                                   more=dict(recipients="file", recipients_file=world.directory / "east"))
        for server in (cls.west, cls.north, cls.east):
            world.publish(f'{server.domain}. 5 IN TXT "v=spf1 ip4:127.0.0.1 -all"')  # whence all of them come here
            world.publish(f'_dmarc.{server.domain}. 5 IN TXT "v=DMARC1; p=reject"')
        world.publish('elsewhere.example. 5 IN TXT "v=spf1 -all"')
        gone = world.new_address()
        world.publish(f"mx.gone.example. 5 IN A {gone}\ngone.example. 5 IN MX 10 mx.gone.example.")
        cls.gone = Sink(gone, world.port, lambda verb, _: "550 5.1.1 nobody here" if verb == "RCPT" else None)
        cls.addClassCleanup(cls.gone.close)

    def sender_at_east(self, token):
        mail = self.east.await_mail("kim", token)
        return re.search(rb"Return-Path: <(.*)>", mail.raw)[1].decode(), mail

    def bounce_to(self, address, token, sender=""):
        with connect(self.north) as peer:
            peer.cmd(f"MAIL FROM:<{sender}>")
            reply = peer.cmd(f"RCPT TO:<{address}>")
            if reply.code == 250:
                peer.cmd("DATA")
                self.assertEqual(peer.cmd(BOUNCE.format("east.example", token) + ".").code, 250)
            return reply.status

    def test_what_is_sent_on_has_an_envelope_of_ours_and_a_bounce_comes_back(self):
        self.west.submit("joe", "fwd@north.example", message("joe@west.example", "fwd@north.example", "fwd-there"))
        sender, mail = self.sender_at_east("fwd-there")
        self.assertRegex(sender, r"^SRS0=\w{8}=\w\w=west\.example=joe@north\.example$")
        self.assert_results(mail, "mx.east.example", "spf=pass", "dmarc=pass")  # the author's own signature
        self.assertEqual(self.bounce_to(sender, "fwd-back"), "250 2.1.5")
        self.west.await_mail("joe", "fwd-back")
        self.assertEqual(self.bounce_to(sender.lower(), "fwd-lower"), "250 2.1.5")
        self.west.await_mail("joe", "fwd-lower")

    def test_nobody_else_is_let_through_by_such_an_address(self):
        self.west.submit("joe", "both@north.example", message("joe@west.example", "both@north.example", "fwd-both"))
        self.north.await_mail("ann", "fwd-both")
        sender, _ = self.sender_at_east("fwd-both")
        self.assertEqual(self.bounce_to(sender, "x", sender="somebody@elsewhere.example"), "550 5.1.1")
        self.assertEqual(self.bounce_to(sender.replace("=joe@", "=jim@"), "x"), "550 5.1.1")
        self.assertEqual(self.bounce_to("SRS0=aaaaaaaa=aa=elsewhere.example=joe@north.example", "x"), "550 5.1.1")
        self.assertEqual(self.bounce_to(sender.replace("@north.example", "@strict.example"), "x"), "530 5.7.0")

    def test_a_domain_that_requires_intents_takes_its_own_bounces(self):
        with connect(self.north) as peer:
            peer.cmd("MAIL FROM:<>")
            self.assertEqual(peer.cmd("RCPT TO:<SRS0=aaaaaaaa=aa=elsewhere.example=joe@strict.example>").code, 530)
        # postmaster is exempt; here he is one of the names that lead on
        self.west.submit("joe", "whoever@strict.example", message("joe@west.example", "whoever@strict.example", "fwd-strict"))
        sender, _ = self.sender_at_east("fwd-strict")
        self.assertTrue(sender.endswith("@strict.example"), sender)
        self.assertEqual(self.bounce_to(sender, "strict-back"), "250 2.1.5")
        self.west.await_mail("joe", "strict-back")

    def test_a_refusal_there_is_told_to_whoever_wrote(self):
        self.west.submit("joe", "lost@north.example", message("joe@west.example", "lost@north.example", "fwd-lost"))
        report = self.west.await_mail("joe", "nobody here")
        self.assertIn("fwd-lost", report.raw.decode())
        self.assertIn("lost@north.example", report.raw.decode())  # RFC 3461 §5.2.1: the address as it was written
        self.assertTrue(any("SRS0=" in c for c in self.gone.commands if c.startswith("MAIL")))

    def test_over_two_forwarders(self):
        before = len(self.gone.commands)
        self.west.submit("joe", "late@north.example", message("joe@west.example", "late@north.example", "fwd-late"))
        report = poll(lambda: [m for m in self.west.mail("joe") if b"whoever@gone.example" in m], "the report is there")[0]
        self.assertIn(b"fwd-late", report)
        self.assertTrue(any("SRS1=" in c and "=north.example==" in c and "@east.example" in c
                            for c in self.gone.commands[before:] if c.startswith("MAIL")))

    def test_case_counts_for_addresses_elsewhere(self):
        """RFC 5321 §2.4; who is the same here may be two there."""
        before = len(self.gone.commands)
        self.west.submit("joe", ["Eve@gone.example", "eve@gone.example"], message("joe@west.example", "eve@gone.example", "case"))
        self.west.await_empty_queue()
        said = [c for c in self.gone.commands[before:] if c.startswith("RCPT")]
        self.assertTrue(any("<Eve@" in c for c in said) and any("<eve@" in c for c in said), said)

    def test_a_sender_that_fits_nowhere_is_nobody(self):
        long = "a-rather-long-name-for-a-mailbox-of-somebody@west.example"
        with connect(self.north) as peer:
            peer.cmd(f"MAIL FROM:<{long}>")
            peer.cmd("RCPT TO:<fwd@north.example>")
            peer.cmd("DATA")
            self.assertEqual(peer.cmd(message("kim@nowhere.example", "fwd@north.example", "fwd-long") + b".").code, 250)
        sender, _ = self.sender_at_east("fwd-long")
        self.assertEqual(sender, "")

    def test_whoever_writes_from_outside_in_our_name_gets_neither_signature_nor_envelope_of_ours(self):
        with connect(self.north) as peer:
            peer.cmd("MAIL FROM:<crook@elsewhere.example>")
            self.assertEqual(peer.cmd("RCPT TO:<fwd@north.example>").code, 250)
            peer.cmd("DATA")
            octets = message("Boss <boss@north.example>", "fwd@north.example", "fwd-forged")
            self.assertEqual(peer.cmd(octets + b".").code, 250)
        poll(lambda: "550 5.7.26" in self.north.log.read_text(), "east refuses it, as it refuses the crook himself")
        self.assertEqual(self.east.find("kim", "fwd-forged"), [])

    def test_the_next_server_is_shown_an_intent_that_says_who_forwards(self):
        """CAS §4.7: it confirms nothing where nobody trusts the forwarder."""
        self.west.submit("joe", "fwd@north.example", message("joe@west.example", "fwd@north.example", "fwd-intent"))
        _, mail = self.sender_at_east("fwd-intent")
        self.assert_results(mail, "mx.east.example", "dkim=pass")
        self.assertTrue("result=forwarded" in self.east.log.read_text())
        self.assertEqual(mail.raw.count(b"DKIM-Signature:"), 1)

    def test_whoever_writes_as_an_alias_hears_of_failures(self):
        self.west.submit("sales", "nobody@gone.example", message("sales@west.example", "nobody@gone.example", "as-sales"))
        report = self.west.await_mail("joe", "as-sales")
        self.assertIn("nobody here", report.raw.decode())


class Receiving(WorldCase):
    """CAS §12: what a forwarder signs is confirmed to those who trust it, and to nobody else."""

    MAIL = "MAIL FROM:<srs@alumni.example>"

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe", "ann", "kim"], mode="required")
        cls.north.add_domain("open.example", ["joe", "ann"])
        cls.north.domains[-1].update(authentication="act")
        cls.key = SigningKey()
        world.publish(f"s1._domainkey.alumni.example. 5 IN TXT {txt(cls.key.dns_record())}")
        world.publish('_dmarc.far.example. 5 IN TXT "v=DMARC1; p=reject"')

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.change("forwarder", "add", "alumni.example", "--for", "joe@north.example")
        cls.change("forwarder", "add", "alumni.example", "--for", "joe@open.example")

    @classmethod
    def change(cls, *arguments):
        return cas(*arguments, "--config", cls.north.config)

    def enter(self, action, *entry):
        """For this test."""
        self.change(action, "add", *entry)
        self.addCleanup(self.change, action, "remove", *entry)

    def setUp(self):
        self.token = self.id().rsplit(".", 1)[1]
        self.octets = message("Ada <ada@far.example>", "old@alumni.example", self.token)

    def intent(self, *recipients, **changes):
        facts = dict(domain="alumni.example", selector="s1", sender="srs@alumni.example", recipients=list(recipients),
                     author="ada@far.example", forwarded=True)
        return Intent(**{**facts, **changes})

    def say(self, intent, *recipients, octets=None):
        """The replies to CONFIRM and to each RCPT, and to the end of data where one was taken."""
        with connect(self.north) as peer:
            line = intent.line(self.key, self.octets)
            _, confirm, *rcpts = peer.pipeline(self.MAIL, f"CONFIRM {line}", *(f"RCPT TO:<{r}>" for r in recipients))
            end = None
            if any(reply.code == 250 for reply in rcpts):
                self.assertEqual(peer.cmd("DATA").code, 354)
                peer.send(dot(octets or self.octets))
                end = peer.reply()
            return confirm, rcpts, end

    def test_who_trusts_the_forwarder_gets_it_confirmed(self):
        confirm, (joe,), end = self.say(self.intent("joe@north.example"), "joe@north.example")
        self.assertEqual(confirm.status, "250 2.7.0", confirm)
        self.assertIn("[CAS:confirmed]", joe.text)
        self.assertEqual(end.status, "250 2.0.0", end)
        mail = self.north.await_mail("joe", self.token)
        self.assert_results(mail, "mx.north.example", "cas=pass", "policy.cas=confirmed", "dmarc=fail")

    def test_nobody_else_gets_more_than_without_confirm(self):
        confirm, (ann,), _ = self.say(self.intent("ann@north.example"), "ann@north.example")
        self.assertEqual(confirm.status, "250 2.0.0", confirm)
        self.assertIn("[CAS:forwarded]", confirm.text)
        self.assertEqual(ann.status, "530 5.7.0", ann)

    def test_one_intent_for_both_counts_for_one(self):
        both = ("ann@north.example", "joe@north.example", "nobody@north.example")
        confirm, (ann, joe, nobody, kim), end = self.say(self.intent(*both), *both, "kim@north.example")
        self.assertEqual(confirm.status, "250 2.7.0", confirm)
        self.assertEqual([ann.status, nobody.status, kim.status], ["530 5.7.0"] * 3)
        self.assertIn("[CAS:confirmed]", joe.text)
        self.assertEqual(end.code, 250, end)
        self.north.await_mail("joe", self.token)
        self.assertEqual(self.north.find("ann", self.token), [])

    def test_for_the_others_dmarc_says_what_it_says_of_ordinary_mail(self):
        _, (ann,), end = self.say(self.intent("ann@open.example"), "ann@open.example")
        self.assertEqual((ann.text, end.status), ("250 2.1.5 ok", "550 5.7.26"))
        _, (joe,), end = self.say(self.intent("joe@open.example"), "joe@open.example")
        self.assertIn("[CAS:confirmed]", joe.text)
        self.assertEqual(end.code, 250, end)
        self.north.await_mail("joe", self.token, domain="open.example")

    def test_another_forwarder_is_not_trusted(self):
        self.world.publish(f"s1._domainkey.other.example. 5 IN TXT {txt(self.key.dns_record())}")
        confirm, (joe,), _ = self.say(self.intent("joe@north.example", domain="other.example"), "joe@north.example")
        self.assertIn("[CAS:forwarded]", confirm.text)
        self.assertEqual(joe.code, 530)

    def test_a_replay_is_swallowed_and_another_message_is_a_conflict(self):
        intent = self.intent("joe@north.example")
        for _ in range(2):
            _, (joe,), end = self.say(intent, "joe@north.example")
            self.assertIn("[CAS:confirmed]", joe.text)
            self.assertEqual(end.code, 250, end)
        self.north.await_mail("joe", self.token)
        self.north.await_empty_queue()
        self.assertEqual(len(self.north.find("joe", self.token)), 1)
        self.octets = self.octets.replace(b"Hello.", b"Other words.")
        with connect(self.north) as peer:
            _, confirm = peer.pipeline(self.MAIL, f"CONFIRM {intent.line(self.key, self.octets)}")
            self.assertIn("[CAS:replay]", confirm.text)

    def test_the_message_is_the_one_that_was_signed_and_shows_the_author(self):
        _, _, end = self.say(self.intent("joe@north.example"), "joe@north.example",
                             octets=self.octets.replace(b"Hello.", b"Other words."))
        self.assertIn("[CAS:digest]", end.text)
        _, _, end = self.say(self.intent("joe@north.example", author="eve@far.example"), "joe@north.example")
        self.assertIn("[CAS:from]", end.text)
        self.assertEqual(self.north.find("joe", self.token), [])

    def test_a_blocked_author_is_refused(self):
        self.enter("block", "eve@far.example", "--for", "joe@north.example")
        self.octets = self.octets.replace(b"ada@far.example", b"eve@far.example")
        confirm, (joe,), _ = self.say(self.intent("joe@north.example", author="eve@far.example"), "joe@north.example")
        self.assertEqual(confirm.status, "250 2.7.0", confirm)
        self.assertEqual(joe.status, "550 5.7.1", joe)
        self.assertIn("[CAS:refused]", joe.text)

    def test_what_a_forwarder_says_of_the_author_lets_nobody_else_in(self):
        self.enter("exempt", "dan@far.example", "--for", "ann@north.example")
        self.octets = self.octets.replace(b"ada@far.example", b"dan@far.example")
        both = ("joe@north.example", "ann@north.example")
        _, (ann,), end = self.say(self.intent(*both, author="dan@far.example"), "ann@north.example")
        self.assertNotIn("[CAS:confirmed]", ann.text)
        self.assertEqual(end.status, "550 5.7.1", "no signature of far.example is there")
        self.assertEqual(self.north.find("ann", self.token), [])


if __name__ == "__main__":
    unittest.main()
