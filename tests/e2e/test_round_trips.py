# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""CAS §5.3: a confirmed transaction waits exactly as often as a plain one."""

import unittest

from . import wire
from .harness import WorldCase, message


class RoundTrips(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])
        address = world.new_address()
        cls.tap = wire.Wire(address, world.port, (cls.south.address, cls.south.smtp_port),
                            world.certificate("mx.south.example"))
        cls.addClassCleanup(cls.tap.close)
        world.publish(f"mx.south.example. 5 IN A {address}")

    def conversation(self, token, hide=()):
        self.tap.hide = [word.encode() for word in hide]
        self.tap.conversations.clear()
        recipients = ["suzie@south.example", "bob@south.example"]
        self.north.submit("joe", recipients, message("joe@north.example", recipients, token))
        for mailbox in ("suzie", "bob"):
            self.south.await_mail(mailbox, token)
        self.north.await_empty_queue()
        conversation, = self.tap.with_data()
        return conversation

    def test_confirmed_takes_as_many_round_trips_as_plain(self):
        plain = self.conversation("plain-1", hide=["CAS"])
        confirmed = self.conversation("confirmed-1")
        self.assertNotIn(b"CONFIRM", plain.said("C"))
        self.assertIn(b"CONFIRM v=CAS1;", confirmed.said("C"))
        self.assertEqual(plain.round_trips(), 2)
        self.assertEqual(confirmed.round_trips(), 2)

    def test_mail_confirm_rcpt_data_leave_in_one_flight(self):
        events = self.conversation("flight-1").transaction()
        verbs = [line.split(b" ")[0].split(b":")[0] for line in events[0][1].split(b"\r\n")]
        self.assertEqual(verbs, [b"MAIL", b"CONFIRM", b"RCPT", b"RCPT", b"DATA", b""])
        replies = events[1][1].splitlines()
        self.assertEqual([r[:3] for r in replies], [b"250", b"250", b"250", b"250", b"354"])

    def test_no_body_octet_before_the_answers(self):
        """CAS §5.6."""
        events = self.conversation("body-1").transaction()
        self.assertNotIn(b"Subject: body-1", events[0][1])
        self.assertTrue(events[1][1].splitlines()[-1].startswith(b"354"))
        self.assertIn(b"Subject: body-1", events[2][1])

    def test_without_pipelining_it_still_works(self):
        conversation = self.conversation("lockstep-1", hide=["PIPELINING"])
        self.assertIn(b"CONFIRM v=CAS1;", conversation.said("C"))
        self.assertGreaterEqual(conversation.round_trips(), 6)


if __name__ == "__main__":
    unittest.main()
