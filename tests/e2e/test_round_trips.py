# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""CAS §5.3: a confirmed transaction waits exactly as often as a plain one."""

import unittest

from . import wire
from .harness import message


class RoundTrips(wire.TapCase):
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
        """By DATA and by BDAT."""
        for way, without in (("data", ["CHUNKING"]), ("bdat", [])):
            plain = self.conversation(f"plain-{way}", hide=["CAS", *without])
            confirmed = self.conversation(f"confirmed-{way}", hide=without)
            self.assertNotIn(b"CONFIRM", plain.said("C"))
            self.assertIn(b"CONFIRM v=CAS1;", confirmed.said("C"))
            self.assertEqual(plain.round_trips(), 2)
            self.assertEqual(confirmed.round_trips(), 2)

    def verbs(self, octets):
        return [line.split(b" ")[0].split(b":")[0] for line in octets.split(b"\r\n")]

    def test_mail_confirm_rcpt_data_leave_in_one_flight(self):
        events = self.conversation("flight-1", hide=["CHUNKING"]).transaction()
        self.assertEqual(self.verbs(events[0][1]), [b"MAIL", b"CONFIRM", b"RCPT", b"RCPT", b"DATA", b""])
        replies = events[1][1].splitlines()
        self.assertEqual([r[:3] for r in replies], [b"250", b"250", b"250", b"250", b"354"])

    def test_with_chunking_the_group_ends_with_rcpt(self):
        """CAS §5.6."""
        events = self.conversation("flight-2").transaction()
        self.assertEqual(self.verbs(events[0][1]), [b"MAIL", b"CONFIRM", b"RCPT", b"RCPT", b""])
        self.assertEqual([r[:3] for r in events[1][1].splitlines()], [b"250"] * 4)
        line, _, octets = events[2][1].partition(b"\r\n")
        self.assertEqual(line, b"BDAT %d LAST" % len(octets))
        self.assertEqual(len(events), 4)

    def test_no_body_octet_before_the_answers(self):
        """CAS §5.6."""
        for way, without in (("data", ["CHUNKING"]), ("bdat", [])):
            events = self.conversation(f"body-{way}", hide=without).transaction()
            self.assertNotIn(b"Subject: body-", events[0][1])
            self.assertEqual(events[1][1].splitlines()[-1][:3], b"354" if way == "data" else b"250")
            self.assertIn(f"Subject: body-{way}".encode(), events[2][1])

    def test_without_pipelining_it_still_works(self):
        for way, without, least in (("data", ["CHUNKING"], 6), ("bdat", [], 5)):
            conversation = self.conversation(f"lockstep-{way}", hide=["PIPELINING", *without])
            self.assertIn(b"CONFIRM v=CAS1;", conversation.said("C"))
            self.assertGreaterEqual(conversation.round_trips(), least)


if __name__ == "__main__":
    unittest.main()
