# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Line ends and TLS on a real socket: what smuggling and injection are made of must not pass (RFC 5321 §2.3.8,
RFC 3207 §4.2)."""

import unittest

from .harness import WorldCase, message
from .peer import Closed, connect, dot

ENVELOPE = ("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>")
SMUGGLED = b"MAIL FROM:<evil@west.example>\r\nRCPT TO:<suzie@south.example>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"


class Strictness(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example")
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])

    def connect(self, tls=False):
        peer = connect(self.south, tls=tls)
        self.addCleanup(peer.close)
        return peer

    def in_data(self, tls=False):
        peer = self.connect(tls)
        self.assertEqual(peer.pipeline(*ENVELOPE, "DATA")[-1].code, 354)
        return peer

    def assert_nothing(self, token):
        self.south.await_empty_queue()
        self.assertEqual(self.south.find("suzie", token), [])

    def test_no_false_end_of_data(self):
        """Every sequence that some server somewhere takes for the end of data."""
        for n, end in enumerate((b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n.\r",
                                 b"\r\n\x00.\r\n", b"\r\n.\x00\r\n", b"\n\n.\r\n", b"\r\r\n.\r\r\n")):
            for tls in (False, True):
                peer = self.in_data(tls)
                peer.send(b"From: s@west.example\r\nSubject: carrier-%d\r\n\r\nx" % n + end + SMUGGLED)
                reply = peer.reply()
                self.assertEqual(reply.status, "550 5.6.0", (end, reply))
                self.assertEqual(peer.cmd("NOOP").code, 250, end)  # one reply: the rest was one message
                peer.close()
        self.assert_nothing("smuggled")
        self.assert_nothing("carrier-")

    def test_bare_line_feed_in_the_header_and_the_body(self):
        for octets in (b"Subject: bare-lf\nFrom: s@west.example\r\n\r\nx\r\n", b"Subject: bare-lf\r\n\r\nx\ny\r\n",
                       b"Subject: bare-lf\r\n\r\nx\ry\r\n", b"Subject: bare-lf\r\n\r\nx\x00y\r\n"):
            peer = self.in_data()
            peer.send(octets + b".\r\n")
            self.assertEqual(peer.reply().status, "550 5.6.0")
        self.assert_nothing("bare-lf")

    def test_the_end_may_come_octet_by_octet(self):
        peer = self.in_data()
        for octet in dot(message("s@west.example", "suzie@south.example", "slowly")):
            peer.send(bytes([octet]))
        self.assertEqual(peer.reply().code, 250)
        self.south.await_mail("suzie", "slowly")

    def test_commands_after_the_end_in_the_same_write_are_answered(self):
        peer = self.in_data()
        peer.send(dot(message("s@west.example", "suzie@south.example", "chained-1")) + b"NOOP\r\nQUIT\r\n")
        self.assertEqual([r.code for r in peer.replies(3)], [250, 250, 221])

    def test_bare_line_feed_ends_no_command(self):
        for line in (b"MAIL FROM:<a@west.example>\nRCPT TO:<suzie@south.example>\r\n", b"NOOP\n\r\n", b"NO\rOP\r\n",
                     b"NOOP\x00\r\n"):
            peer = self.connect()
            peer.send(line + b"RCPT TO:<suzie@south.example>\r\n")
            codes = []
            try:
                while len(codes) < 2:
                    codes.append(peer.reply().code)
            except Closed:
                pass
            self.assertTrue(codes and all(code >= 500 for code in codes), (line, codes))

    def test_what_follows_starttls_in_the_clear_is_forgotten(self):
        """RFC 3207 §4.2; CVE-2011-0411 and its many children."""
        peer = self.connect()
        peer.send("STARTTLS\r\nNOOP\r\nMAIL FROM:<injected@west.example>\r\n")
        self.assertEqual(peer.reply().code, 220)
        peer.wrap()
        self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example>").code, 503)
        self.assertEqual(peer.cmd("EHLO client.example").code, 250)
        self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example>").code, 503)

    def test_state_does_not_survive_starttls(self):
        peer = self.connect()
        self.assertEqual(peer.pipeline(*ENVELOPE)[-1].code, 250)
        reply = peer.cmd("STARTTLS")
        if reply.code == 220:
            peer.wrap()
            self.assertEqual(peer.cmd("DATA").code, 503)
        else:
            self.assertEqual(reply.code, 503)

    def test_starttls_inside_tls_and_with_an_argument(self):
        self.assertEqual(self.connect().cmd("STARTTLS now").code, 501)
        self.assertEqual(self.connect(tls=True).cmd("STARTTLS").code, 503)

    def test_submission_injection_before_tls_gains_nothing(self):
        peer = connect_submission(self.north)
        self.addCleanup(peer.close)
        peer.send("STARTTLS\r\nAUTH PLAIN AAAA\r\n")
        self.assertEqual(peer.reply().code, 220)
        peer.wrap()
        self.assertEqual(peer.cmd("EHLO client.example").code, 250)
        self.assertEqual(peer.cmd("MAIL FROM:<joe@north.example>").code, 530)

    def test_header_that_cannot_be_one(self):
        for n, octets in enumerate((b"no field at all\r\n\r\nx\r\n", b" starts folded: y\r\n\r\nx\r\n",
                                    b"Bad Name: x\r\n\r\nx\r\n", b": x\r\n\r\nx\r\n")):
            peer = self.in_data()
            peer.send(b"Subject: malformed-%d\r\n" % n + octets + b".\r\n" if n != 1 else octets + b".\r\n")
            reply = peer.reply()
            self.assertIn(reply.code, (250, 550, 554), reply)
            self.assertEqual(peer.cmd("NOOP").code, 250)

    def test_no_control_characters_reach_the_log(self):
        """CAS §21."""
        peer = self.connect()
        for line in (b"EHLO \x1b[31mred", b"MAIL FROM:<\x1b]0;title\x07@west.example>", b"\x1b[2J"):
            self.assertGreaterEqual(peer.cmd(line).code, 500)
        log = self.south.log.read_bytes()
        self.assertNotIn(b"\x1b", log)
        self.assertNotIn(b"\x07", log)


def connect_submission(server):
    from .peer import Peer

    peer = Peer(server.address, server.submission_port)
    peer.begin(tls=False)
    return peer


if __name__ == "__main__":
    unittest.main()
