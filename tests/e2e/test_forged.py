# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Intents made by hand, right and wrong (CAS §4, CAS §8): what is not signed by the author's domain, for this message,
this envelope and this time, is never confirmed."""

import re
import time
import unittest

from .cas_py import Intent, RsaKey, SigningKey, b64u
from .dnsserver import SERVFAIL
from .harness import WorldCase, message, txt
from .peer import connect, dot

MAIL = "MAIL FROM:<ada@west.example>"
RCPT = "RCPT TO:<suzie@south.example>"
REFUSED_BY_SIGNATURE = "550 5.7.5"


class Forged(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie", "bob", "o'neil"])
        cls.south.add_domain("off.south.example", ["walter"], mode="off")
        cls.key, cls.evil = SigningKey(), SigningKey()
        cls.rsa = RsaKey(world.directory / "rsa.pem")
        cls.publish("s1._domainkey.west.example", cls.key.dns_record())
        cls.publish("s1._domainkey.evil.example", cls.evil.dns_record())
        cls.publish("rsa._domainkey.west.example", cls.rsa.dns_record())

    @classmethod
    def publish(cls, name, record):
        cls.world.publish(f"{name}. 5 IN TXT {txt(record)}")

    def setUp(self):
        self.token = self.id().rsplit(".", 1)[1]
        self.octets = message("Ada <ada@west.example>", "suzie@south.example", self.token)

    def intent(self, **changes):
        facts = dict(domain="west.example", selector="s1", sender="ada@west.example",
                     recipients=["suzie@south.example"], author="ada@west.example")
        return Intent(**{**facts, **changes})

    def connect(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        return peer

    def confirm(self, line, mail=MAIL):
        """The reply to CONFIRM and, to see the poison rule, those to RCPT and DATA in the same flight (CAS §5.4)."""
        peer = self.connect()
        _, confirm, rcpt, data = peer.pipeline(mail, f"CONFIRM {line}", RCPT, "DATA")
        if confirm.code >= 400:
            self.assertEqual([rcpt.code, data.code], [503, 503], "a failed CONFIRM aborts the transaction")
            self.assertEqual(peer.cmd("DATA").code, 503)
            self.assertEqual(peer.cmd("MAIL FROM:<x@y.example>").code, 250)  # the session goes on
        return confirm

    def deliver(self, line, octets=None, mail=MAIL, rcpts=(RCPT,)):
        """All the way; the reply to the end of data."""
        peer = self.connect()
        replies = peer.pipeline(mail, f"CONFIRM {line}", *rcpts, "DATA")
        self.assertEqual(replies[1].status, "250 2.7.0", replies[1])
        self.assertIn("[CAS:ok]", replies[1].text)
        for reply in replies[2:-1]:
            self.assertEqual(reply.status, "250 2.1.5", reply)
            self.assertIn("[CAS:confirmed]", reply.text)
        self.assertEqual(replies[-1].code, 354)
        peer.send(dot(octets or self.octets))
        return peer.reply()

    def assert_not_delivered(self):
        self.south.await_empty_queue()
        self.assertEqual(self.south.find("suzie", self.token), [])

    # ---- What is right ----

    def test_an_independent_signer_is_confirmed(self):
        self.assertEqual(self.deliver(self.intent().line(self.key, self.octets)).status, "250 2.0.0")
        self.assert_results(self.south.await_mail("suzie", self.token), "mx.south.example", "cas=pass",
                            "policy.cas=confirmed", "header.from=west.example")

    def test_rsa_is_confirmed(self):
        line = self.intent(selector="rsa").line(self.rsa, self.octets)
        self.assertEqual(self.deliver(line).code, 250)
        self.south.await_mail("suzie", self.token)

    def test_an_author_below_the_signing_domain_is_aligned(self):
        octets = message("ada@lab.west.example", "suzie@south.example", self.token)
        line = self.intent(author="ada@lab.west.example").line(self.key, octets)
        self.assertEqual(self.deliver(line, octets).code, 250)

    def test_several_recipients_and_characters_that_must_be_encoded(self):
        recipients = ["suzie@south.example", "bob@south.example", "o'neil@south.example"]
        line = self.intent(recipients=recipients).line(self.key, self.octets)
        self.assertIn(";r=bob,o'neil,suzie;", line)
        self.assertEqual(self.deliver(line, rcpts=[f"RCPT TO:<{r}>" for r in recipients]).code, 250)
        for mailbox in ("suzie", "bob", "o'neil"):
            self.south.await_mail(mailbox, self.token)

    def test_a_recipient_named_again_is_answered_as_the_first_time(self):
        """CAS §5.5: and gets the message once."""
        line = self.intent().line(self.key, self.octets)
        self.assertEqual(self.deliver(line, rcpts=(RCPT, RCPT)).code, 250)  # deliver() wants [CAS:confirmed] of each
        self.south.await_mail("suzie", self.token)

    def test_changes_on_the_way_that_relaxed_forgives(self):
        line = self.intent().line(self.key, self.octets)
        octets = b"Received: from a by b; Mon, 23 Nov 2026 19:00:00 +0000\r\n" + self.octets
        octets = octets.replace(b"Subject: ", b"SUBJECT:\r\n  ").replace(b"Hello.\r\n", b"Hello.  \r\n\r\n")
        self.assertEqual(self.deliver(line, octets).code, 250)

    # ---- What is wrong ----

    def test_wrong_key(self):
        reply = self.confirm(self.intent().line(self.evil, self.octets))
        self.assertEqual(reply.status, REFUSED_BY_SIGNATURE)
        self.assertIn("[CAS:signature]", reply.text)

    def test_any_changed_octet_breaks_the_signature(self):
        line = self.intent().line(self.key, self.octets)
        for before, after in ((";r=suzie;", ";r=bob;"), (";k=p;", ";k=t;"), ("d=west.example", "d=evil.example"),
                              (";m=c1:", ";w=fwd;m=c1:")):
            reply = self.confirm(line.replace(before, after))
            self.assertIn(reply.status, (REFUSED_BY_SIGNATURE, "550 5.7.1"), (after, reply))
        flipped = line[:-3] + ("AAA" if not line.endswith("AAA") else "BBB")
        self.assertIn(self.confirm(flipped).status, (REFUSED_BY_SIGNATURE, "501 5.5.4"))

    def test_signature_of_another_domain_does_not_align(self):
        """d=evil signs for o=ada@west: a valid signature that says nothing about west (CAS §4.6)."""
        reply = self.confirm(self.intent(domain="evil.example").line(self.evil, self.octets))
        self.assertEqual(reply.status, "550 5.7.1")

    def test_suffix_of_letters_is_not_a_subdomain(self):
        octets = message("ada@notevil.example", "suzie@south.example", self.token)
        line = self.intent(domain="evil.example", author="ada@notevil.example").line(self.evil, octets)
        self.assertEqual(self.confirm(line).status, "550 5.7.1")

    def test_envelope_sender_must_be_the_signed_one(self):
        line = self.intent().line(self.key, self.octets)
        self.assertEqual(self.confirm(line, "MAIL FROM:<other@west.example>").status, "550 5.7.1")
        self.assertEqual(self.confirm(line, "MAIL FROM:<>").status, "550 5.7.1")

    def test_domain_that_is_not_served_here(self):
        line = self.intent(recipients=["suzie@elsewhere.example"]).line(self.key, self.octets)
        self.assertEqual(self.confirm(line).status, "550 5.7.1")

    def test_expired_and_future_are_transient(self):
        now = int(time.time())
        for issued in (now - 5000, now + 1000):
            line = self.intent(issued=issued, lifetime=3600).line(self.key, self.octets)
            self.assertEqual(self.confirm(line).status, "451 4.7.0")

    def test_five_minutes_of_skew_are_forgiven(self):
        now = int(time.time())
        for issued, lifetime in ((now + 200, 3600), (now - 3600, 3600 - 200)):
            octets = message("ada@west.example", "suzie@south.example", self.token)
            line = self.intent(issued=issued, lifetime=lifetime).line(self.key, octets)
            self.assertEqual(self.deliver(line, octets).code, 250)

    def test_a_lifetime_of_more_than_a_day_is_refused(self):
        line = self.intent(lifetime=25 * 3600).line(self.key, self.octets)
        self.assertEqual(self.confirm(line).status, "550 5.7.1")

    def test_no_key_revoked_key_other_key_type_several_records(self):
        for name, record in {"none": None, "revoked": "v=DKIM1; k=ed25519; p=", "broken": "v=DKIM1; k=ed25519; p=AAAA",
                             "web": self.key.dns_record("s=web; ")}.items():
            if record:
                self.publish(f"{name}._domainkey.west.example", record)
            reply = self.confirm(self.intent(selector=name).line(self.key, self.octets))
            self.assertEqual(reply.status, REFUSED_BY_SIGNATURE, (name, reply))
        reply = self.confirm(self.intent(selector="rsa").line(self.key, self.octets))
        self.assertEqual(reply.status, REFUSED_BY_SIGNATURE)

    def test_testing_key_goes_on_as_without_confirm(self):
        self.publish("test._domainkey.west.example", self.key.dns_record("t=y; "))
        peer = self.connect()
        line = self.intent(selector="test").line(self.key, self.octets)
        _, confirm, rcpt, data = peer.pipeline(MAIL, f"CONFIRM {line}", RCPT, "DATA")
        self.assertEqual(confirm.status, "250 2.0.0")
        self.assertIn("[CAS:testing]", confirm.text)
        self.assertNotIn("confirmed", rcpt.text)
        peer.send(dot(self.octets))
        self.assertEqual(peer.reply().code, 250)
        mail = self.south.await_mail("suzie", self.token)
        self.assertNotIn("cas=pass", str(mail["Authentication-Results"]))

    def test_strict_key_speaks_for_its_domain_alone(self):
        self.publish("strict._domainkey.west.example", self.key.dns_record("t=s; "))
        octets = message("ada@lab.west.example", "suzie@south.example", self.token)
        line = self.intent(selector="strict", author="ada@lab.west.example").line(self.key, octets)
        self.assertEqual(self.confirm(line).status, "550 5.7.1")
        line = self.intent(selector="strict").line(self.key, self.octets)
        self.assertEqual(self.deliver(line).code, 250)

    def test_recipient_that_is_not_listed(self):
        peer = self.connect()
        line = self.intent().line(self.key, self.octets)
        _, _, listed, other, _ = peer.pipeline(MAIL, f"CONFIRM {line}", RCPT, "RCPT TO:<bob@south.example>", "RSET")
        self.assertEqual(listed.status, "250 2.1.5")
        self.assertEqual(other.status, "550 5.7.1")

    def test_other_body_fails_the_digest(self):
        line = self.intent().line(self.key, self.octets)
        reply = self.deliver(line, self.octets.replace(b"Hello.", b"Pay me."))
        self.assertEqual(reply.status, "550 5.7.7")
        self.assertIn("[CAS:digest]", reply.text)
        self.assert_not_delivered()

    def test_displayed_author_must_be_the_signed_one(self):
        """CAS §8.3, step 15: d=west says o=ada@west and shows From: ceo@bank."""
        shown = message("ceo@bank.example", "suzie@south.example", self.token)
        self.assertEqual(self.deliver(self.intent().line(self.key, shown), shown).status, "550 5.7.1")
        second = b"From: ceo@bank.example\r\n" + self.octets
        self.assertEqual(self.deliver(self.intent().line(self.key, second), second).status, "550 5.7.1")
        both = message("ada@west.example, ceo@bank.example", "suzie@south.example", self.token)
        self.assertEqual(self.deliver(self.intent().line(self.key, both), both).status, "550 5.7.1")
        self.assert_not_delivered()

    def test_grammar_is_one_spelling(self):
        good = self.intent().line(self.key, self.octets)
        swapped = re.sub(r"(;i=[^;]*)(;d=[^;]*)", r"\2\1", good)
        for bad in ("", "v=CAS1", good + ";", good + " ", good.replace(";k=p", ";k=z"), good.replace("v=CAS1;", ""),
                    swapped, good.replace(";r=suzie", ";r=%73uzie"), good.replace(";r=suzie", ";r=suzie,suzie"),
                    good.replace("d=west.example", "d=West.example"), good.replace(";m=", ";z=1;m="), good + "=",
                    good.replace(";k=p", ";k=b")):
            self.assertEqual(self.confirm(bad).status, "501 5.5.4", bad)
        for bad in (good.replace("v=CAS1", "v=CAS2"), good.replace("ed25519-sha256", "ed448-shake256")):
            self.assertEqual(self.confirm(bad).status, "504 5.7.6", bad)

    def test_a_line_that_is_too_long(self):
        self.assertEqual(self.confirm("v=CAS1;" + "i" * 9000).status, "500 5.5.2")

    def test_once_in_place_and_at_most_once(self):
        """CAS §5.2."""
        line = self.intent().line(self.key, self.octets)
        peer = self.connect()
        self.assertEqual(peer.cmd(f"CONFIRM {line}").status, "503 5.5.1")
        peer.cmd(MAIL)
        self.assertEqual(peer.cmd(RCPT).code, 250)
        self.assertEqual(peer.cmd(f"CONFIRM {line}").code, 503)
        peer = self.connect()  # a third failure would end the session (CAS §5.4)
        peer.cmd(MAIL)
        self.assertEqual(peer.cmd(f"CONFIRM {line}").code, 250)
        self.assertEqual(peer.cmd(f"CONFIRM {line}").code, 503)

    def test_nothing_outlives_rset_or_ehlo(self):
        line = self.intent().line(self.key, self.octets)
        for reset in ("RSET", "EHLO again.example"):
            peer = self.connect()
            peer.cmd(MAIL)
            self.assertEqual(peer.cmd(f"CONFIRM {line}").code, 250)
            self.assertEqual(peer.cmd(reset).code, 250)
            peer.cmd(MAIL)
            self.assertNotIn("confirmed", peer.cmd(RCPT).text)

    def test_confirm_needs_tls(self):
        with connect(self.south, tls=False) as peer:
            peer.cmd(MAIL)
            line = self.intent().line(self.key, self.octets)
            self.assertIn(peer.cmd(f"CONFIRM {line}").code, (500, 502, 503, 530))

    def test_three_failures_end_the_session(self):
        peer = self.connect()
        codes = []
        for _ in range(3):
            self.assertEqual(peer.cmd(MAIL).code, 250)
            codes.append(peer.cmd("CONFIRM nonsense").code)
        if codes[-1] != 421:
            self.assertEqual(peer.reply().code, 421)
        self.assertTrue(peer.at_end())

    def test_nobody_learns_of_mailboxes_without_a_signature(self):
        """CAS §8.5: no answer about a recipient when CONFIRM failed."""
        line = self.intent(recipients=["suzie@south.example", "nobody@south.example"]).line(self.evil, self.octets)
        peer = self.connect()
        replies = peer.pipeline(MAIL, f"CONFIRM {line}", RCPT, "RCPT TO:<nobody@south.example>")
        self.assertEqual(replies[2].text, replies[3].text)

    def test_class_must_be_the_one_the_message_shows(self):
        """CAS §8.3, step 17: a mailing does not pass for a letter."""
        shown = self.octets.replace(b"Subject: ", b"List-Id: News <news.west.example>\r\nSubject: ")
        reply = self.deliver(self.intent().line(self.key, shown), shown)
        self.assertEqual(reply.status, "550 5.7.1")
        self.assertIn("[CAS:class]", reply.text)
        other = self.intent(klass="b", list_id="other.west.example").line(self.key, shown)
        self.assertEqual(self.deliver(other, shown).status, "550 5.7.1")
        self.assert_not_delivered()
        self.assertEqual(self.deliver(self.intent(klass="b", list_id="news.west.example").line(self.key, shown),
                                      shown).code, 250)

    # ---- Off ----

    def test_a_domain_that_is_off_looks_at_no_intent(self):
        """CAS §8.1: not at its signature, not at its digest; and it asks the DNS nothing."""
        line = self.intent(selector="nowhere", recipients=["walter@off.south.example"]).line(self.evil, self.octets)
        other = self.octets.replace(b"Hello.", b"Other.")
        peer = self.connect()
        _, confirm, rcpt, data = peer.pipeline(MAIL, f"CONFIRM {line}", "RCPT TO:<walter@off.south.example>", "DATA")
        self.assertEqual(confirm.status, "250 2.0.0")
        self.assertIn("[CAS:off]", confirm.text)
        self.assertEqual((rcpt.status, data.code), ("250 2.1.5", 354))
        self.assertNotIn("[CAS:", rcpt.text)
        peer.send(dot(other))
        self.assertEqual(peer.reply().code, 250)
        mail = self.south.await_mail("walter", self.token, domain="off.south.example")
        self.assert_results(mail, "mx.south.example", "cas=none")
        self.assertEqual(self.world.dns.count("nowhere._domainkey.west.example"), 0)

    # ---- Again ----

    def test_same_content_again_is_acknowledged_and_swallowed(self):
        line = self.intent().line(self.key, self.octets)
        self.assertEqual(self.deliver(line).code, 250)
        self.south.await_mail("suzie", self.token)
        for _ in range(2):
            self.assertEqual(self.deliver(line).code, 250)
        self.south.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", self.token)), 1)

    def test_same_content_again_after_a_restart(self):
        line = self.intent().line(self.key, self.octets)
        self.assertEqual(self.deliver(line).code, 250)
        self.south.kill()
        self.south.start()
        self.assertEqual(self.deliver(line).code, 250)
        self.south.await_mail("suzie", self.token)
        self.south.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", self.token)), 1)

    def test_same_identifier_with_other_content_is_a_replay(self):
        intent = self.intent()
        self.assertEqual(self.deliver(intent.line(self.key, self.octets)).code, 250)
        other = self.octets.replace(b"Hello.", b"Again.")
        peer = self.connect()
        replies = peer.pipeline(MAIL, f"CONFIRM {intent.line(self.key, other)}", RCPT, "DATA")
        if replies[1].code == 250 and replies[-1].code == 354:
            peer.send(dot(other))
            replies.append(peer.reply())
        refusal = next(r for r in replies if r.code >= 400)
        self.assertEqual(refusal.status, "550 5.7.1")
        self.assertIn("[CAS:replay]", refusal.text)
        self.south.await_mail("suzie", self.token)
        self.south.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", self.token)), 1)

    def test_intent_in_use_in_another_session_is_deferred(self):
        """CAS §10.1: RESERVED elsewhere is 451, and free again when that session is gone."""
        line = self.intent().line(self.key, self.octets)
        first = self.connect()
        self.assertEqual(first.pipeline(MAIL, f"CONFIRM {line}", RCPT)[2].code, 250)
        second = self.connect()
        self.assertEqual(second.pipeline(MAIL, f"CONFIRM {line}", RCPT)[2].status, "451 4.3.0")
        first.cmd("RSET")
        second.cmd("RSET")
        self.assertEqual(second.pipeline(MAIL, f"CONFIRM {line}", RCPT)[2].code, 250)

    # ---- The DNS in between ----

    def test_no_question_before_the_statement_holds(self):
        """CAS §8.1: grammar, times and alignment are checked before any lookup."""
        line = self.intent(selector="never", domain="evil.example").line(self.evil, self.octets)
        self.confirm(line)
        self.confirm(self.intent(selector="never", issued=int(time.time()) - 9000, lifetime=60)
                     .line(self.key, self.octets).replace("c1:", "c2:"))
        self.assertEqual(self.world.dns.count("never._domainkey.evil.example"), 0)
        self.assertEqual(self.world.dns.count("never._domainkey.west.example"), 0)

    def test_key_that_cannot_be_looked_up_is_transient(self):
        self.publish("fail._domainkey.west.example", self.key.dns_record())
        self.world.dns.set_mode("fail._domainkey.west.example", SERVFAIL)
        reply = self.confirm(self.intent(selector="fail").line(self.key, self.octets))
        self.assertEqual(reply.status, "451 4.7.5")

    def test_identifier_is_canonical_base64url(self):
        octets = self.octets
        line = self.intent(id=b64u(b"\xff" * 16)[:-1] + "x").line(self.key, octets)  # unused bits are not zero
        self.assertEqual(self.confirm(line).status, "501 5.5.4")


if __name__ == "__main__":
    unittest.main()
