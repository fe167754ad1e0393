# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Mail from servers that know nothing of CAS: who sent it is found by SPF, DKIM, ARC and DMARC, told in
Authentication-Results, and acted on where the recipient's domain says so. dkimpy signs: two implementations agree."""

import base64
import subprocess
import unittest

import dkim

from .cas_py import RsaKey
from .dnsserver import DROP, SERVFAIL
from .harness import WorldCase, cas, message, poll, txt
from .peer import Sink, connect, dot

HOST = "mx.south.example"


class Authentication(WorldCase):
    """South acts on what it finds, and hosts watch.example, which only looks. Strangers come from addresses of their
    own."""

    @classmethod
    def build(cls, world):
        world.key_type = "rsa"
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"],
                                 settings={"authentication": {"trusted_sealers": ["lists.example"],
                                                              "received_spf": True}})
        cls.south.domains[0]["authentication"] = "act"
        cls.south.add_domain("watch.example", ["walter"])
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.good, cls.bad = world.new_address(), world.new_address()
        cls.key = RsaKey(world.directory / "stranger.pem")
        cls.pem = (world.directory / "stranger.pem").read_bytes()
        for domain in ("strict.example", "soft.example", "plain.example", "lists.example", "evil.example", "log.example"):
            cls.publish(f"s1._domainkey.{domain}", cls.key.dns_record())
            cls.publish(domain, f"v=spf1 ip4:{cls.good} -all")
        cls.publish("_dmarc.strict.example", "v=DMARC1; p=reject")
        cls.publish("_dmarc.soft.example", "v=DMARC1; p=quarantine")
        cls.publish("_dmarc.north.example", "v=DMARC1; p=reject")
        cls.publish("_dmarc.testing.example", "v=DMARC1; p=reject; t=y")

    @classmethod
    def publish(cls, name, record):
        cls.world.publish(f"{name}. 5 IN TXT {txt(record)}")

    def setUp(self):
        self.token = self.id().rsplit(".", 1)[1]

    def letter(self, domain, **more):
        return message(f"Ann <ann@{domain}>", "suzie@south.example", self.token, **more)

    def sign(self, octets, domain, **options):
        return dkim.sign(octets, b"s1", domain.encode(), self.pem, **options) + octets

    def deliver(self, octets, sender, source, *recipients):
        """The reply to the end of data; all recipients must be taken."""
        peer = connect(self.south, source)
        self.addCleanup(peer.close)
        self.assertEqual(peer.cmd(f"MAIL FROM:<{sender}>").code, 250)
        for recipient in recipients or ("suzie@south.example",):
            self.assertEqual(peer.cmd(f"RCPT TO:<{recipient}>").code, 250)
        self.assertEqual(peer.cmd("DATA").code, 354)
        peer.send(dot(octets))
        return peer.reply()

    def junk(self, mailbox="suzie", domain=None):
        new = self.south.maildir(mailbox, domain) / ".Junk" / "new"
        found = [file.read_bytes() for file in new.iterdir()] if new.exists() else []
        return [octets for octets in found if self.token.encode() in octets]

    def await_junk(self):
        (octets,) = poll(self.junk, f"{self.token} is in Junk")
        self.assertEqual(self.south.find("suzie", self.token), [])
        return octets

    def accepted(self, reply, *words, mailbox="suzie", domain=None):
        self.assertEqual(reply.code, 250, reply)
        mail = self.south.await_mail(mailbox, self.token, domain=domain)
        self.assert_results(mail, HOST, *words)
        return mail

    # ---- What is found ----

    def test_spf_alone_passes_dmarc(self):
        reply = self.deliver(self.letter("strict.example"), "ann@strict.example", self.good)
        mail = self.accepted(reply, "spf=pass", "smtp.mailfrom=ann@strict.example", "dkim=none", "dmarc=pass",
                             "header.from=strict.example", "cas=none", "arc=none")
        self.assertRegex(mail["Received-SPF"], r"^pass ")

    def test_a_signature_passes_dmarc_from_anywhere(self):
        octets = self.sign(self.letter("strict.example"), "strict.example")
        reply = self.deliver(octets, "ann@strict.example", self.bad)
        self.accepted(reply, "spf=fail", "dkim=pass", "header.d=strict.example", "header.s=s1", "dmarc=pass")

    def test_a_large_body_is_verified_as_it_streams(self):
        octets = self.sign(self.letter("strict.example", body="line of a body\r\n" * 100_000), "strict.example",
                           canonicalize=(b"simple", b"simple"))
        self.accepted(self.deliver(octets, "ann@strict.example", self.bad), "dkim=pass", "dmarc=pass")

    def test_what_we_take_out_may_have_been_signed(self):
        """A forged result of ours is removed, after the signature that covers it was verified."""
        octets = b"Authentication-Results: mx.south.example; dmarc=pass\r\n" + self.letter("strict.example")
        octets = self.sign(octets, "strict.example", include_headers=[b"from", b"authentication-results"])
        mail = self.accepted(self.deliver(octets, "ann@strict.example", self.bad), "dkim=pass")
        self.assertNotIn(b"mx.south.example; dmarc=pass\n", mail.raw)

    def test_a_bounce_is_judged_by_the_name_in_ehlo(self):
        """RFC 9989 §3.2.4, RFC 7208 §2.4."""
        self.publish("client.example", f"v=spf1 ip4:{self.good} -all")
        self.publish("_dmarc.client.example", "v=DMARC1; p=reject")
        reply = self.deliver(self.letter("client.example"), "", self.good)
        self.accepted(reply, "spf=pass", "smtp.helo=client.example", "dmarc=pass")

    def test_our_own_signature_verifies_at_the_other_side(self):
        self.publish("north.example", "v=spf1 -all")
        self.north.submit("joe", "walter@watch.example", message("joe@north.example", "walter@watch.example", self.token))
        mail = self.south.await_mail("walter", self.token, domain="watch.example")
        self.assert_results(mail, HOST, "cas=pass", "dkim=pass", "header.d=north.example", "dmarc=pass")

    def test_dkimpy_verifies_our_signature(self):
        address = self.world.new_address()
        sink = Sink(address, self.world.port, lambda verb, argument: None,
                    certificate=self.world.certificate("mx.west.example"))
        self.addCleanup(sink.close)
        self.world.publish(f"west.example. 5 IN MX 10 mx.west.example.\nmx.west.example. 5 IN A {address}")
        record = self.north_record()
        body = "Trailing blanks  \r\n\r\nÜ\r\n.dot\r\n\r\n\r\n"
        self.north.submit("joe", "ann@west.example", message("joe@north.example", "ann@west.example", self.token, body))
        (_, _, octets), = poll(lambda: [m for m in sink.messages if self.token.encode() in m[2]], "west has it")
        self.assertTrue(dkim.verify(octets, dnsfunc=lambda name, timeout=5: record), octets)
        self.assertFalse(dkim.verify(octets.replace(b"dot", b"dat"), dnsfunc=lambda name, timeout=5: record))

    def north_record(self):
        import dns.name
        import dns.rdatatype
        rrset = self.world.dns._records[(dns.name.from_text("cas1._domainkey.north.example."), dns.rdatatype.TXT)]
        return b"".join(rrset[0].strings)

    # ---- What is done about it ----

    def test_reject_is_said_at_the_end_of_data(self):
        reply = self.deliver(self.letter("strict.example"), "ann@strict.example", self.bad)
        self.assertEqual(reply.code, 550)
        self.assertIn("strict.example", reply.text)
        self.assertIn("DMARC", reply.text)
        self.assertEqual(self.south.find("suzie", self.token), [])

    def test_the_log_says_from_where_it_came_and_why_it_was_refused(self):
        """Nobody can look at a message that was refused."""
        octets = self.sign(self.letter("strict.example"), "strict.example").replace(b"s=s1;", b"s=gone;")
        self.assertEqual(self.deliver(octets, "ann@strict.example", self.bad).code, 550)
        line = self.told("dkim strict.example gone: there is no key")
        for words in (f"client={self.bad}:", "helo=", "policy=reject", "disposition=reject", "refused=yes",
                      "neither SPF nor DKIM passed; spf: "):
            self.assertIn(words, line)
        self.assertEqual(self.deliver(self.letter("log.example"), "ann@log.example", self.bad).code, 550)
        self.assertIn("in the record of log.example matches", self.told("rule=spf-fail", "author=log.example"))
        self.assertIn(f"client={self.bad}:", self.told(" refused ", "5.7.23", "<ann@log.example>"))

    def told(self, *words):
        return poll(lambda: next((line for line in self.south.log.read_text().splitlines()
                                  if all(word in line for word in words)), None), f"the log says {words}")

    def test_who_only_looks_takes_it_and_says_so(self):
        reply = self.deliver(self.letter("strict.example"), "ann@strict.example", self.bad, "walter@watch.example")
        self.accepted(reply, "spf=fail", "dmarc=fail", mailbox="walter", domain="watch.example")

    def test_quarantine_is_the_junk_folder(self):
        reply = self.deliver(self.letter("soft.example"), "ann@soft.example", self.bad)
        self.assertEqual(reply.code, 250)
        self.assertIn(b"dmarc=fail", self.await_junk())

    def test_what_was_quarantined_stays_so_after_a_power_cut(self):
        """Taken, not delivered yet (a file is where the Maildir should be), killed: the decision is on the disk."""
        mailbox = self.south.maildir("bob")
        mailbox.parent.mkdir(parents=True, exist_ok=True)
        mailbox.write_text("in the way")
        reply = self.deliver(self.letter("soft.example"), "ann@soft.example", self.bad, "bob@south.example")
        self.assertEqual(reply.code, 250)
        poll(lambda: '"state":"waiting"' in cas("queue", "list", "--json", "--config", self.south.config).replace(" ", ""),
             "it waits")
        self.south.kill()
        mailbox.unlink()
        self.south.start()
        poll(lambda: self.junk("bob"), "it is in Junk")
        self.assertEqual(self.south.find("bob", self.token), [])

    def test_no_recipient_pays_for_another(self):
        """South acts and watch.example looks: one transaction, so nobody is refused, and only South's copy is set
        apart."""
        reply = self.deliver(self.letter("strict.example"), "ann@strict.example", self.bad, "suzie@south.example",
                             "walter@watch.example")
        self.accepted(reply, "dmarc=fail", mailbox="walter", domain="watch.example")
        self.await_junk()

    def test_an_spf_fail_counts_where_no_dmarc_record_speaks(self):
        reply = self.deliver(self.letter("plain.example"), "ann@plain.example", self.bad)
        self.assertEqual((reply.code, reply.enhanced), (550, "5.7.23"))
        signed = self.sign(self.letter("plain.example"), "plain.example")
        self.accepted(self.deliver(signed, "ann@plain.example", self.bad), "spf=fail", "dkim=pass", "dmarc=none")

    def test_the_dead_dns_refuses_nobody_and_lets_nobody_by(self):
        """Who can make a look-up fail must not get around p=reject: who acts asks to come again, who looks takes it."""
        for name in ("dead.example", "_dmarc.dead.example", "s1._domainkey.dead.example"):
            self.world.dns.set_mode(name, SERVFAIL)
        octets = self.sign(self.letter("dead.example"), "dead.example")
        reply = self.deliver(octets, "ann@dead.example", self.bad)
        self.assertEqual(reply.status, "451 4.7.26")
        reply = self.deliver(octets, "ann@dead.example", self.bad, "walter@watch.example")
        self.accepted(reply, "spf=temperror", "dkim=temperror", "dmarc=temperror", mailbox="walter",
                      domain="watch.example")

    def test_a_failing_name_below_the_victim_does_not_help(self):
        self.world.dns.set_mode("lame.strict.example", SERVFAIL)
        reply = self.deliver(self.letter("strict.example"), "ann@lame.strict.example", self.bad)
        self.assertEqual(reply.status, "451 4.7.26")

    def test_an_author_who_is_believed_hides_no_other(self):
        """The forger names himself first, and what could not be looked up is both his own record and a key below the
        victim's domain."""
        self.publish("first.example", f"v=spf1 ip4:{self.good} -all")
        for name in ("_dmarc.first.example", "s1._domainkey.lost.strict.example"):
            self.world.dns.set_mode(name, SERVFAIL)
        letter = message("eve@first.example, Ann <ann@strict.example>", "suzie@south.example", self.token)
        reply = self.deliver(self.sign(letter, "lost.strict.example"), "eve@first.example", self.good)
        self.assertEqual(reply.status, "451 4.7.26")

    def test_the_silent_dns_of_others_does_no_harm_to_what_passes(self):
        self.world.dns.set_mode("_dmarc.silent.example", DROP)
        self.publish("s1._domainkey.silent.example", self.key.dns_record())
        octets = self.sign(self.letter("silent.example"), "silent.example")
        self.accepted(self.deliver(octets, "ann@silent.example", self.bad), "dkim=pass", "dmarc=temperror")

    def test_a_record_in_testing_is_applied_one_step_weaker(self):
        reply = self.deliver(self.letter("testing.example"), "ann@testing.example", self.bad)
        self.assertEqual(reply.code, 250)
        self.await_junk()

    def test_postmaster_hears_everybody(self):
        reply = self.deliver(self.letter("strict.example"), "ann@strict.example", self.bad, "postmaster@south.example")
        self.accepted(reply, "dmarc=fail", mailbox="postmaster")

    def test_a_trusted_sealer_is_believed_and_another_is_not(self):
        """RFC 8617 §7.2.1: the list broke the signature, and says that it was right when it came."""
        for sealer in ("lists.example", "evil.example"):
            with self.subTest(sealer=sealer):
                original = self.sign(self.letter("strict.example"), "strict.example")
                results = f"Authentication-Results: {sealer}; dkim=pass header.d=strict.example; dmarc=pass header.from=strict.example\r\n"
                changed = results.encode() + original + b"-- \r\nfooter of the list\r\n"
                seal = dkim.arc_sign(changed, b"s1", sealer.encode(), self.pem, sealer.encode(),
                                     include_headers=[b"from", b"subject", b"date", b"message-id"])
                reply = self.deliver(b"".join(seal) + changed, f"bounces@{sealer}", self.good)
                self.assertEqual(reply.code, 250, reply)
        mail = self.south.await_mail("suzie", self.token)
        self.assert_results(mail, HOST, "arc=pass", "dmarc=fail", "dkim=fail")
        (junk,) = poll(self.junk, "the other one is set apart, and not refused: it was handled by somebody")
        self.assertIn(b"evil.example", junk)

    # ---- Hostile ----

    def test_a_signature_that_never_was_does_not_soften(self):
        octets = self.sign(self.letter("strict.example"), "strict.example")
        octets = octets.replace(b" b=", b" b=AAAA", 1).replace(b"Subject: ", b"Subject: other ", 1)
        self.assertEqual(self.deliver(octets, "ann@strict.example", self.bad).status, "550 5.7.26")

    def test_text_behind_a_signature_is_nobodys(self):
        """l= (RFC 6376 §8.2): who appends speaks for himself."""
        octets = self.sign(self.letter("strict.example"), "strict.example", length=True)
        reply = self.deliver(octets + b"and send money\r\n", "ann@strict.example", self.bad)
        self.assertEqual(reply.status, "550 5.7.26")

    def test_a_thousand_signatures_cost_little(self):
        octets = self.letter("plain.example")
        signature = dkim.sign(octets, b"s1", b"evil.example", self.pem)
        asked = self.world.dns.count("s1._domainkey.evil.example")
        reply = self.deliver(signature * 200 + octets, "ann@plain.example", self.good)
        mail = self.accepted(reply, "spf=pass")
        self.assertLess(len(mail["Authentication-Results"]), 8000)
        self.assertLessEqual(self.world.dns.count("s1._domainkey.evil.example") - asked, 2)

    def test_keys_that_nobody_should_use(self):
        """An exponent as long as the modulus, a text of 60 KB, a name that leads to itself: the RFC's word, and why in
        the log."""
        self.publish("big._domainkey.plain.example", "v=DKIM1; k=rsa; p=" + self.key_with_exponent(2**2047 + 1))
        self.publish("long._domainkey.plain.example", self.key.dns_record(extra="n=" + "x" * 60_000 + "; "))
        self.world.publish("loop._domainkey.plain.example. 5 IN CNAME round._domainkey.plain.example.\n"
                           "round._domainkey.plain.example. 5 IN CNAME loop._domainkey.plain.example.")
        for selector, result in ((b"big", "dkim=permerror"), (b"long", "dkim=temperror"), (b"loop", "dkim=temperror")):
            with self.subTest(selector=selector):
                self.token = f"unusable-{selector.decode()}"
                octets = self.letter("plain.example")
                octets = dkim.sign(octets, selector, b"plain.example", self.pem) + octets
                self.accepted(self.deliver(octets, "ann@plain.example", self.good), "spf=pass", result)
                self.assertRegex(self.south.log.read_text(), f"reason=.*dkim plain.example {selector.decode()}: ")

    def key_with_exponent(self, exponent):
        """RFC 3447 §A.1.1, with the modulus of our key."""
        text = subprocess.run(["openssl", "rsa", "-in", self.key.path, "-noout", "-modulus"], check=True,
                              capture_output=True, text=True).stdout
        modulus = int(text.strip().partition("=")[2], 16)

        def der(tag, octets):
            size = len(octets)
            length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
            return bytes([tag]) + length + octets

        numbers = b"".join(der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in (modulus, exponent))
        return base64.b64encode(der(0x30, numbers)).decode()

    def test_a_client_that_leaves_in_the_middle_disturbs_nobody(self):
        self.world.dns.set_mode("slow.example", DROP)
        peer = connect(self.south, self.bad)
        self.assertEqual(peer.cmd("MAIL FROM:<ann@slow.example>").code, 250)
        peer.close()
        self.accepted(self.deliver(self.letter("strict.example"), "ann@strict.example", self.good), "spf=pass")

    def test_rset_forgets_the_first_sender(self):
        peer = connect(self.south, self.good)
        self.addCleanup(peer.close)
        peer.pipeline("MAIL FROM:<ann@strict.example>", "RSET", "MAIL FROM:<ann@unknown.example>",
                      "RCPT TO:<suzie@south.example>")
        self.assertEqual(peer.cmd("DATA").code, 354)
        peer.send(dot(self.letter("unknown.example")))
        self.accepted(peer.reply(), "spf=none", "dmarc=none")


if __name__ == "__main__":
    unittest.main()
