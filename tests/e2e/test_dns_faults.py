# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A DNS that is dead, slow, broken or forged, name by name: mail waits, nothing is bounced or downgraded, and when the DNS
is well again everything goes on by itself.

The key of an intent and an MX lookup that fails are in test_dns; TLSA records that fail, are wrong or absent in
test_tls_policy; SPF, DKIM and DMARC of strangers under SERVFAIL and silence in test_authentication; `_cas` of a domain
that is known to confirm in test_sender."""

import os
import random
import unittest

from .dnsserver import BOGUS, DROP, SERVFAIL, TRUNCATE
from .harness import WorldCase, message, poll
from .peer import Sink, connect, dot
from .test_peers import waiting
from .test_tls_policy import digests

SEED = int(os.environ.get("CAS_SEED", "0")) or random.randrange(1, 1 << 32)
TORTURE = max(1, int(os.environ.get("CAS_TORTURE", "1")))
TIMEOUT = 2  # what the servers of a test wait for one answer
LATE, SLOW, TOO_SLOW = 0.25, 1, 3  # libunbound asks again after 376 ms, and then listens for the second answer


class DnsCase(WorldCase):
    @classmethod
    def build(cls, world):
        cls.sinks, cls.anchors, cls.starred = {}, [], set()
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.north.settings["queue"] = {"first_retry": "1s", "max_retry": "2s", "lifetime": "1h"}

    @classmethod
    def sink(cls, domain, signed=False, tlsa=None):
        """A server for the domain; `tlsa`: whether the record names its key (False: another)."""
        host, address = f"mx.{domain}", cls.world.new_address()
        if signed:
            cls.anchors.append(cls.world.dns.sign(domain))
        cls.world.publish(f"{host}. 5 IN A {address}\n{domain}. 5 IN MX 10 {host}.")
        certificate = cls.world.certificate(host)
        if tlsa is not None:
            spki = digests(certificate[0])[0] if tlsa else "00" * 32
            cls.world.publish(f"_{cls.world.port}._tcp.{host}. 5 IN TLSA 3 1 1 {spki}")
        sink = cls.sinks[domain] = Sink(address, cls.world.port, certificate=certificate)
        cls.addClassCleanup(sink.close)
        return sink

    @classmethod
    def trust(cls, server):
        path = cls.world.directory / "anchors"
        path.write_text("\n".join(cls.anchors) + "\n")
        server.trust_anchor = path

    def send(self, domain):
        to = f"ann@{domain}"
        self.north.submit("joe", to, message("joe@north.example", to, f"to-{domain}"))

    def assert_waits(self, reasons):
        """{domain: what the queue says}"""
        def told():
            queue = waiting(self.north)
            return all(words in queue.get(f"ann@{domain}", "") for domain, words in reasons.items())

        poll(told, f"the queue says why: {reasons}")
        for domain in reasons:
            self.assertEqual(self.sinks[domain].messages, [], domain)

    def assert_arrive(self, domains, bound=180):
        """Each once, and nobody was told of a failure."""
        poll(lambda: all(self.sinks[d].messages for d in domains), "all arrive", bound)
        self.north.await_empty_queue(bound)
        for domain in domains:
            self.assertEqual(len(self.sinks[domain].messages), 1, domain)
        self.assertEqual(self.north.mail("joe"), [])


class Outgoing(DnsCase):
    """What fails of a domain that is not signed; a world for each way to fail: libunbound remembers who was silent."""

    mode = SERVFAIL

    @classmethod
    def build(cls, world):
        super().build(world)
        for name in ("route", "address", "discovery", "policy", "fine"):
            cls.sink(f"{name}.example")

    def test_what_is_needed_is_waited_for_and_what_is_not_is_done_without(self):
        fail = self.world.dns.set_mode
        fail("route.example", self.mode)
        fail("mx.address.example", self.mode)
        fail("_cas.discovery.example", self.mode)
        fail("_mta-sts.policy.example", self.mode)
        for domain in self.sinks:
            self.send(domain)
        # RFC 8461 §3: no policy is known, so none holds. CAS §7.3: nothing says that it confirms.
        poll(lambda: all(self.sinks[f"{n}.example"].messages for n in ("fine", "discovery", "policy")),
             "what can go goes")
        self.assert_waits({"route.example": "the DNS does not answer", "address.example": "the DNS does not answer"})
        self.world.dns.heal()
        self.assert_arrive(self.sinks)


class OutgoingSilent(Outgoing):
    mode = DROP


class OutgoingTooSlow(Outgoing):
    mode = TOO_SLOW


class OutgoingLate(DnsCase):
    """Late or cut short is not dead."""

    @classmethod
    def build(cls, world):
        super().build(world)
        for name in ("late", "cut"):
            cls.sink(f"{name}.example")

    def test_it_arrives(self):
        for name in ("late.example", "mx.late.example", "_cas.late.example", "_mta-sts.late.example"):
            self.world.dns.set_mode(name, SLOW)
        for name in ("cut.example", "mx.cut.example", "_cas.cut.example", "_mta-sts.cut.example"):
            self.world.dns.set_mode(name, TRUNCATE)
        for domain in self.sinks:
            self.send(domain)
        self.assert_arrive(self.sinks)


class Dead(DnsCase):
    """No answer to anything, for longer than many attempts."""

    @classmethod
    def build(cls, world):
        super().build(world)
        cls.sink("west.example")
        cls.south = world.server("south.example")

    def test_mail_is_kept_the_mailboxes_here_are_served_and_all_goes_on_afterwards(self):
        self.world.dns.set_mode("*", DROP)
        self.send("west.example")
        with self.north.login("joe") as client:
            client.sendmail("joe@north.example", "joe@north.example",
                            message("joe@north.example", "joe@north.example", "at-home"))
        self.north.await_mail("joe", "at-home")
        self.assert_waits({"west.example": "the DNS does not answer"})
        # A stranger is not turned away for good.
        with connect(self.south) as peer:
            replies = peer.pipeline("MAIL FROM:<s@east.example>", "RCPT TO:<suzie@south.example>", "DATA")
            self.assertLess(max(reply.code for reply in replies), 500)
            peer.send(dot(message("s@east.example", "suzie@south.example", "stranger")))
            self.assertLess(peer.reply().code, 500)
        poll(lambda: self.north.log.read_text().count(" deferred ") > 6, "it is tried again and again")
        if TORTURE > 1:  # for minutes: libunbound begins to pass over who was silent for so long
            for n in range(10):
                self.world.publish(f"o{n}.example. 5 IN MX 10 mx.west.example.")
                self.north.submit("joe", f"x@o{n}.example", message("joe@north.example", f"x@o{n}.example", "other"))
            poll(lambda: self.north.log.read_text().count(" deferred ") > 400, "and for minutes", 900)
        self.world.dns.heal()
        poll(lambda: self.sinks["west.example"].messages, "it arrives", 180)
        self.north.await_empty_queue()
        self.assertEqual([m for m in self.north.mail("joe") if b"at-home" not in m], [])


class Bogus(DnsCase):
    """Signed zones, and an answer of each kind that was forged (RFC 7672 §2.1.1, §2.2)."""

    kinds = {"route": "{0}", "address": "mx.{0}", "records": "_{1}._tcp.mx.{0}", "discovery": "_cas.{0}",
             "policy": "_mta-sts.{0}"}

    @classmethod
    def build(cls, world):
        super().build(world)
        for kind in cls.kinds:
            # Whoever goes without the records gets a certificate that nobody should have trusted.
            cls.sink(f"{kind}.example", signed=True, tlsa=None if kind in ("discovery", "policy") else kind != "records")
        cls.trust(cls.north)

    def test_nothing_goes_by_a_forged_answer_and_all_goes_by_the_true_one(self):
        for kind, pattern in self.kinds.items():
            self.world.dns.set_mode(pattern.format(f"{kind}.example", self.world.port), BOGUS)
            self.send(f"{kind}.example")
        # RFC 8461 §3: no policy was known before, so none holds.
        poll(lambda: self.sinks["policy.example"].messages, "no policy, no demand")
        self.assert_waits({"route.example": "the DNS does not answer", "address.example": "the DNS does not",
                           "records.example": "the DNS does not say what certificate",
                           "discovery.example": "whether the domain confirms mail cannot be looked up"})
        for domain, sink in self.sinks.items():
            if domain != "policy.example":
                self.assertEqual([c for c in sink.commands if c.startswith("MAIL")], [], domain)
        digest = digests(self.world.certificate("mx.records.example")[0])[0]
        self.world.publish(f"_{self.world.port}._tcp.mx.records.example. 5 IN TLSA 3 1 1 {digest}")
        self.world.dns.heal()
        if TORTURE == 1:
            self.north.restart()  # libunbound remembers for a minute what was bogus
        self.assert_arrive(self.sinks)


class Incoming(DnsCase):
    """Strangers whose DNS is forged or late; south acts by what it finds, east only looks."""

    @classmethod
    def build(cls, world):
        super().build(world)
        for domain in ("forged.example", "late.example", "slow.example"):
            if domain == "forged.example":
                cls.anchors.append(world.dns.sign(domain))
            world.publish(f'{domain}. 5 IN TXT "v=spf1 -all"\n_dmarc.{domain}. 5 IN TXT "v=DMARC1; p=reject"')
        cls.south = world.server("south.example")
        cls.south.domains[0]["authentication"] = "act"
        cls.south.add_domain("east.example", ["bob"])
        cls.trust(cls.south)

    def give(self, domain, to, token):
        """The reply to a message of this author."""
        with connect(self.south) as peer:
            peer.pipeline(f"MAIL FROM:<s@{domain}>", f"RCPT TO:<{to}>", "DATA")
            peer.send(dot(message(f"s@{domain}", to, token)))
            return peer.reply()

    def test_a_forged_policy_refuses_nobody_for_good_and_lets_nobody_by(self):
        for name in ("forged.example", "_dmarc.forged.example"):
            self.world.dns.set_mode(name, BOGUS, "TXT")
        self.assertEqual(self.give("forged.example", "suzie@south.example", "forged-1").code, 451)
        self.assertEqual(self.give("forged.example", "bob@east.example", "forged-2").code, 250)
        mail = self.south.await_mail("bob", "forged-2", domain="east.example")
        self.assert_results(mail, "mx.south.example", "dmarc=temperror", "spf=temperror")
        self.assertEqual(self.south.find("suzie", "forged-1"), [])
        self.world.dns.heal()
        poll(lambda: self.give("forged.example", "suzie@south.example", "forged-3").code == 550, "the true one is kept to", 180)

    def test_a_late_policy_is_kept_to(self):
        for name in ("slow.example", "_dmarc.slow.example"):
            self.world.dns.set_mode(name, LATE, "TXT")
        self.assertEqual(self.give("slow.example", "suzie@south.example", "slow-1").code, 550)

    def test_a_policy_that_comes_too_late_is_asked_for_again(self):
        for name in ("late.example", "_dmarc.late.example"):
            self.world.dns.set_mode(name, TOO_SLOW, "TXT")
        self.assertEqual(self.give("late.example", "suzie@south.example", "late-1").code, 451)
        self.world.dns.heal()
        poll(lambda: self.give("late.example", "suzie@south.example", "late-2").code == 550, "it is kept to", 180)


if __name__ == "__main__":
    unittest.main()
