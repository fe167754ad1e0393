# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The connection breaks where it hurts most: the sender must try again and the mailbox must get it once (CAS §10.2)."""

import unittest

from . import wire
from .harness import message, poll


class LostReply(wire.TapCase):
    def setUp(self):
        self.tap.conversations.clear()

    def send(self, token, *recipients):
        recipients = recipients or ("suzie@south.example",)
        self.north.submit("joe", list(recipients), message("joe@north.example", list(recipients), token))

    def intents(self):
        lines = b"".join(c.said("C") for c in self.tap.conversations).split(b"\r\n")
        return [line for line in lines if line.startswith(b"CONFIRM ")]

    def assert_once(self, token, *mailboxes):
        for mailbox in mailboxes:
            mail = self.south.await_mail(mailbox, token)
            self.assert_results(mail, "mx.south.example", "cas=pass")
        self.north.await_empty_queue()
        self.south.await_empty_queue()
        for mailbox in mailboxes:
            self.assertEqual(len(self.south.find(mailbox, token)), 1)

    def test_final_reply_lost_once(self):
        self.tap.rule = wire.cut(wire.final_reply)
        self.send("lost-1")
        self.assert_once("lost-1", "suzie")
        self.assertEqual(len(self.tap.with_data()), 2)
        for conversation in self.tap.with_data():
            self.assertIn(b"BDAT ", conversation.said("C"))

    def test_final_reply_to_data_lost(self):
        """The same without CHUNKING."""
        self.tap.rule, self.tap.hide = wire.cut(wire.final_reply, times=2), [b"CHUNKING"]
        self.addCleanup(setattr, self.tap, "hide", [])
        self.send("lost-5")
        self.assert_once("lost-5", "suzie")
        self.assertEqual(len(self.tap.with_data()), 3)
        for conversation in self.tap.with_data():
            self.assertIn(b"\r\nDATA\r\n", conversation.said("C"))

    def test_cut_before_the_final_dot_of_data(self):
        self.tap.rule, self.tap.hide = wire.cut(wire.end_of_data, times=2), [b"CHUNKING"]
        self.addCleanup(setattr, self.tap, "hide", [])
        self.send("cut-3")
        self.assert_once("cut-3", "suzie")

    def test_final_reply_lost_again_and_again(self):
        self.tap.rule = wire.cut(wire.final_reply, times=3)
        self.send("lost-2", "suzie@south.example", "bob@south.example")
        self.assert_once("lost-2", "suzie", "bob")

    def test_the_same_identifier_is_shown_again(self):
        """CAS §9.5: retry with the same i."""
        self.tap.rule = wire.cut(wire.final_reply)
        self.send("lost-3")
        self.assert_once("lost-3", "suzie")
        self.assertEqual(len({line.split(b";")[1] for line in self.intents()}), 1)
        self.assertGreaterEqual(len(self.intents()), 2)

    def test_the_same_identifier_after_the_sender_crashed(self):
        lost = wire.cut(wire.final_reply, times=1000)
        self.tap.rule = lost
        self.send("lost-4")
        poll(self.tap.with_data, "the message went out")
        self.north.kill()
        self.tap.rule = None
        self.north.start()
        self.assert_once("lost-4", "suzie")
        self.assertEqual(len({line.split(b";")[1] for line in self.intents()}), 1)

    def test_cut_before_the_end_of_the_chunk(self):
        self.tap.rule = wire.cut(wire.end_of_data, times=2)
        self.send("cut-1")
        self.assert_once("cut-1", "suzie")

    def test_cut_at_the_replies_to_the_envelope(self):
        self.tap.rule = wire.cut(lambda c, who, octets: who == "S" and b"CAS:confirmed" in octets, times=2)
        self.send("cut-2", "suzie@south.example", "bob@south.example")
        self.assert_once("cut-2", "suzie", "bob")

    def test_cut_in_the_tls_handshake_is_no_reason_to_go_without(self):
        """A connection that is lost is lost. A copy in the clear would be unconfirmed and, after a lost reply, a second
        one."""
        lost = wire.cut(wire.final_reply)

        def rule(conversation, direction, octets):
            passed = lost(conversation, direction, octets)
            if passed is None:
                self.tap.torn_handshakes = 2
            return passed

        self.tap.rule = rule
        self.send("torn-1")
        self.assert_once("torn-1", "suzie")
        self.assertEqual(self.tap.torn_handshakes, 0)

    def test_keyword_stripped_on_the_way_is_not_confirmed_but_arrives(self):
        self.tap.rule, self.tap.hide = None, [b"CAS"]
        self.addCleanup(setattr, self.tap, "hide", [])
        self.send("strip-1")
        mail = self.south.await_mail("suzie", "strip-1")
        self.assert_results(mail, "mx.south.example", "cas=none")

    def test_message_changed_on_the_way_is_refused(self):
        """The digest: what the signer meant and nothing else."""
        self.tap.rule = lambda c, who, octets: octets.replace(b"Hello.", b"Hullo.") if who == "C" else octets
        self.send("changed-1")
        report = self.north.await_mail("joe", "changed-1")
        self.assertIn(b"5.7.7", report.raw)
        self.assertEqual(self.south.find("suzie", "changed-1"), [])

    def test_octets_changed_in_the_intent_are_refused(self):
        """A signature that fails is a matter of our set-up (CAS §9.3): alert, and the fallback decides."""
        self.tap.rule = lambda c, who, octets: octets.replace(b";k=p;", b";k=t;") if who == "C" else octets
        self.send("changed-2")
        mail = self.south.await_mail("suzie", "changed-2")
        self.assert_results(mail, "mx.south.example", "cas=none")
        self.assertIn("confirm-misconfigured", self.north.log.read_text())


if __name__ == "__main__":
    unittest.main()
