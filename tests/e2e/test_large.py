# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A message of the greatest size, through both servers, in memory that does not grow with it."""

import hashlib
import os
import random
import smtplib
import unittest

from .harness import WorldCase, message

MIB = 1 << 20
SIZE = 50 * 1000 * 1000
# A sanitizer keeps freed memory in quarantine (256 MiB unless told otherwise) and shadows an eighth of it.
SANITIZED = bool(os.environ.get("CAS_SANITIZE"))
GROWTH = (450 if SANITIZED else 100) * MIB
PEAK = (1500 if SANITIZED else 200) * MIB


def large_body(size):
    """Base64-like lines that repeat with a long period only."""
    source = random.Random(1)
    block = "".join("%076x\r\n" % source.getrandbits(304) for _ in range(1000))
    return (block * (size // len(block) + 1))[:size // 78 * 78]


class Large(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def send(self, token, body):
        self.north.submit("joe", "suzie@south.example",
                          message("joe@north.example", "suzie@south.example", token, body))
        self.north.await_empty_queue(bound=240)
        self.south.await_empty_queue(bound=240)

    def test_fifty_megabytes_in_bounded_memory(self):
        self.send("small", "Hello.\r\n")
        before = [server.peak_memory() for server in (self.north, self.south)]
        body = large_body(SIZE)
        self.send("large", body)
        after = [server.peak_memory() for server in (self.north, self.south)]

        delivered, = (m for m in self.south.mail("suzie") if b"Subject: large" in m[:4096])
        expected = hashlib.sha256(body.replace("\r\n", "\n").encode()).hexdigest()
        self.assertEqual(hashlib.sha256(delivered.split(b"\n\n", 1)[1]).hexdigest(), expected)
        self.assertIn(b"cas=pass", delivered[:4096])
        figures = ", ".join(f"{a / MIB:.0f} -> {b / MIB:.0f} MiB" for a, b in zip(before, after))
        print(f"peak memory of north, south: {figures}")
        for a, b in zip(before, after):
            self.assertLess(b - a, GROWTH, figures)
            self.assertLess(b, PEAK, figures)

    def test_a_message_beyond_the_limit_is_refused_early_or_at_its_end(self):
        with self.north.login("joe") as client:
            client.ehlo_or_helo_if_needed()
            limit = int(client.esmtp_features["size"])
            code, text = client.mail("joe@north.example", [f"SIZE={limit + 1}"])  # RFC 1870 §6.1
            self.assertEqual((code, text[:5]), (552, b"5.3.4"))
            client.rset()
            # Without the announcement: through to its end, and the session goes on.
            client.mail("joe@north.example")
            client.rcpt("suzie@south.example")
            octets = message("joe@north.example", "suzie@south.example", "huge", large_body(limit + MIB))
            code, text = client.data(octets)
            self.assertEqual((code, text[:5]), (552, b"5.3.4"))
            self.assertEqual(client.noop()[0], 250)

    def test_many_at_once_do_not_add_up_without_bound(self):
        """Twenty half-sent messages of 2 MB each."""
        clients = []
        body = large_body(2 * MIB).encode()
        for n in range(20):
            client = smtplib.SMTP(self.south.address, self.south.smtp_port, timeout=60)
            self.addCleanup(client.close)
            client.ehlo("client.example")
            client.mail("s@west.example")
            client.rcpt("suzie@south.example")
            self.assertEqual(client.docmd("DATA")[0], 354)
            client.send(b"From: s@west.example\r\nSubject: half-%d\r\n\r\n" % n + body)
            clients.append(client)
        with smtplib.SMTP(self.south.address, self.south.smtp_port, timeout=60) as client:
            client.sendmail("s@west.example", ["suzie@south.example"],
                            message("s@west.example", "suzie@south.example", "besides"))
        for client in clients:
            client.sock.close()
        self.south.await_mail("suzie", "besides")
        self.assertEqual(self.south.find("suzie", "half-"), [])


if __name__ == "__main__":
    unittest.main()
