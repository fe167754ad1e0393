# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A DNS that fails is not a DNS that says no: the key lookup of a receiver and the MX lookup of a sender (CAS §6.1)."""

import unittest

from .dnsserver import DROP, SERVFAIL, TRUNCATE
from .harness import WorldCase, message, poll

KEY = "cas1._domainkey.north.example"


class FailingDns(WorldCase):
    """A world a test: libunbound remembers failures, and so it should."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def send(self, token):
        self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", token))

    def assert_waits_then_arrives(self, token):
        self.send(token)
        poll(lambda: "4.7.5" in self.north.queue(), "the sender heard 451 4.7.5")
        self.assertIn("CAS:key", self.north.queue())
        self.assertEqual(self.south.find("suzie", token), [])
        self.world.dns.heal()
        self.assert_confirmed_once(token)

    def assert_confirmed_once(self, token):
        mail = self.south.await_mail("suzie", token, bound=180)
        self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed")
        self.north.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", token)), 1)


class KeyServfail(FailingDns):
    def test_servfail_for_the_key_is_transient_and_later_confirmed(self):
        self.world.dns.set_mode(KEY, SERVFAIL)
        self.assert_waits_then_arrives("servfail-1")


class KeyDropped(FailingDns):
    def test_no_answer_for_the_key_is_transient_and_later_confirmed(self):
        self.world.dns.set_mode(KEY, DROP)
        self.assert_waits_then_arrives("drop-1")


class KeyTruncated(FailingDns):
    def test_truncated_answer_is_asked_again_over_tcp(self):
        self.world.dns.set_mode(KEY, TRUNCATE)
        self.send("truncate-1")
        self.assert_confirmed_once("truncate-1")
        self.assertIn((KEY, "TXT", "tcp"), self.world.dns.asked)


class MxServfail(FailingDns):
    def test_mx_lookup_that_fails_is_transient(self):
        self.world.dns.set_mode("south.example", SERVFAIL)
        self.send("mx-1")
        poll(lambda: "4.4.3" in self.north.queue(), "the sender waits")
        self.world.dns.heal()
        self.assert_confirmed_once("mx-1")


class KeyCached(FailingDns):
    def test_key_is_asked_for_once_for_many_messages(self):
        """CAS §6.2: cached at least 60 s, whatever its TTL."""
        for n in range(5):
            self.send(f"cached-{n}")
        for n in range(5):
            self.south.await_mail("suzie", f"cached-{n}")
        self.assertEqual(self.world.dns.count(KEY), 1)


if __name__ == "__main__":
    unittest.main()
