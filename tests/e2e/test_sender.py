# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a sender does where a server does not behave (CAS §9): a message in doubt, CAS that is suddenly missing, a fallback
for each domain, a server that does not know the BDAT it announced, a destination that is dead."""

import signal
import socketserver
import sqlite3
import threading
import time
import unittest

from . import wire
from .harness import TcpServer, WorldCase, message, poll
from .peer import Sink
from .test_tls_policy import digests


class SenderCase(wire.TapCase):
    def setUp(self):
        self.tap.conversations.clear()
        self.tap.rule, self.tap.hide = None, []

    def send(self, token, to="suzie@south.example"):
        self.north.submit("joe", to, message("joe@north.example", to, token))

    def database(self, *statements):
        """Into the store of north, which is stopped for it."""
        self.north.stop()
        with sqlite3.connect(self.north.directory / "state" / "cas.db") as database:
            for statement in statements:
                database.execute(statement)
        database.close()
        self.north.start()

    def log(self):
        return self.north.log.read_text(errors="replace")


class Doubt(SenderCase):
    """CAS §9.5: after a final reply that was lost, only the same intent again."""

    def lose_and_hide(self):
        """The reply to the first message is lost, and from then on CAS is not offered any more."""
        lost = wire.cut(wire.final_reply)

        def rule(conversation, direction, octets):
            passed = lost(conversation, direction, octets)
            if passed is None:
                self.tap.hide = [b"CAS"]
            return passed

        self.tap.rule = rule

    def await_waiting(self):
        poll(lambda: "shown again only where CAS is spoken" in self.north.queue(), "it waits")

    def test_it_waits_for_a_host_that_confirms_and_arrives_once(self):
        self.lose_and_hide()
        self.send("doubt-1")
        self.await_waiting()
        self.assertEqual(len(self.tap.with_data()), 1)
        self.tap.hide = []
        self.north.await_empty_queue()
        mail = self.south.await_mail("suzie", "doubt-1")
        self.assert_results(mail, "mx.south.example", "cas=pass")
        self.assertEqual(len(self.tap.with_data()), 2)

    def test_a_crash_does_not_forget_it(self):
        self.lose_and_hide()
        self.send("doubt-2")
        self.await_waiting()
        self.north.kill()
        seen = len(self.tap.conversations)
        self.north.start()
        poll(lambda: len(self.tap.conversations) > seen + 1, "it was tried again")
        self.assertEqual(len(self.tap.with_data()), 1)
        self.tap.hide = []
        self.north.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", "doubt-2")), 1)

    def test_the_report_of_a_later_failure_says_so(self):
        lost = wire.cut(wire.final_reply)

        def rule(conversation, direction, octets):
            passed = lost(conversation, direction, octets)
            if passed is None:
                self.tap.rule = lambda c, who, o: (
                    o.replace(b"250 2.7.0 [CAS:ok]", b"550 5.7.1 [CAS:refused]") if who == "S" else o)
            return passed

        self.tap.rule = rule
        self.send("doubt-3")
        report = self.north.await_mail("joe", "[CAS:refused]")
        self.assertIn(b"may have been delivered", report.raw)
        self.assertIn(b"doubt-3", report.raw)


def instead(old, new, times=1000):
    """A rule: in what the server says, `new` stands in place of `old`, so many times."""
    left = [times]

    def rule(conversation, direction, octets):
        if direction == "S" and left[0] > 0 and old in octets:
            left[0] -= 1
            return octets.replace(old, new)
        return octets

    return rule


class Replies(SenderCase):
    """CAS §9.3."""

    def intents(self):
        """Of each conversation: the CONFIRM lines."""
        lines = [[c for c in t.client.commands if c.startswith(b"CONFIRM ")] for t in list(self.tap.conversations)]
        return [found for found in lines if found]

    def test_an_intent_that_expired_is_signed_again_once_in_the_session(self):
        self.tap.rule = instead(b"250 2.7.0 [CAS:ok]", b"451 4.7.0 [CAS:expired]")
        self.send("expired-1")
        poll(lambda: "[CAS:expired]" in self.north.queue(), "it waits")
        self.tap.rule = None
        self.assert_results(self.south.await_mail("suzie", "expired-1"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()
        self.assertEqual(len(self.intents()[0]), 2)
        self.assertEqual({len(found) for found in self.intents()[:-1]}, {2})
        self.assertEqual(len(self.intents()[-1]), 1)
        self.assertEqual(len({line.split(b";")[1] for found in self.intents() for line in found}), 1)

    def test_once_is_enough_where_the_second_one_is_taken(self):
        self.tap.rule = instead(b"250 2.7.0 [CAS:ok]", b"451 4.7.0 [CAS:expired]", times=1)
        self.send("expired-2")
        self.assert_results(self.south.await_mail("suzie", "expired-2"), "mx.south.example", "cas=pass")
        self.assertEqual([len(found) for found in self.intents()], [2])

    def test_a_refusal_of_confirm_is_what_the_report_quotes(self):
        """CAS §9.7: the reply to CONFIRM, not the 503s behind it (poison, CAS §5.4)."""
        self.tap.rule = lambda c, who, octets: (octets.replace(b"250 2.7.0 [CAS:ok]", b"550 5.7.1 [CAS:refused]")
                                                .replace(b"250 2.1.5 [CAS:confirmed]", b"503 5.5.1 need MAIL first")
                                                if who == "S" else octets)
        self.send("poison-1")
        report = self.north.await_mail("joe", "poison-1")
        self.assertIn(b"[CAS:refused]", report.raw)
        self.assertNotIn(b"need MAIL first", report.raw)
        self.assertEqual(self.tap.with_data(), [])


class Pending(SenderCase):
    """CAS §9.4: never sooner than 300 seconds, however short the server's advice; at the end a report with the reason."""

    @classmethod
    def build(cls, world):
        super().build(world)
        cls.north.settings["queue"] = {"lifetime": "6s", "first_retry": "1s", "max_retry": "1s"}

    def test_it_waits_as_asked_and_the_author_hears_of_it_in_the_end(self):
        self.tap.rule = instead(b"250 2.1.5 [CAS:confirmed]", b"451 4.7.0 [CAS:pending retry=1]")
        self.send("pending-1")
        report = self.north.await_mail("joe", "pending-1")
        self.assertIn(b"[CAS:pending", report.raw)
        self.assertIn(b"4.4.7", report.raw)
        self.north.await_empty_queue()
        self.assertEqual(len([t for t in self.tap.conversations if any(
            c.startswith(b"CONFIRM") for c in t.client.commands)]), 2)


class Missing(SenderCase):
    """CAS §7.3: who is remembered to confirm, and does not, is waited for; then the fallback decides."""

    def remember(self, *more):
        until = int(time.time()) + 3600
        self.database(f"INSERT OR REPLACE INTO memory VALUES ('cas-spoke', 'south.example', '', {until})", *more)

    def test_mail_is_held_and_confirmed_when_cas_is_back(self):
        self.remember()
        self.tap.hide = [b"CAS"]
        self.send("missing-1")
        poll(lambda: "known to confirm mail" in self.north.queue(), "it is held")
        self.assertEqual(self.tap.with_data(), [])
        self.tap.hide = []
        self.assert_results(self.south.await_mail("suzie", "missing-1"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()

    def test_another_host_that_speaks_it_is_tried_first(self):
        self.remember()
        self.tap.hide = [b"CAS"]
        self.world.publish(f"south.example. 5 IN MX 10 mx.south.example.\nsouth.example. 5 IN MX 20 mx2.south.example.\n"
                           f"mx2.south.example. 5 IN A {self.south.address}")
        self.addCleanup(self.world.publish, "south.example. 5 IN MX 10 mx.south.example.")
        self.send("missing-2")
        self.assert_results(self.south.await_mail("suzie", "missing-2"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()

    def test_after_four_hours_the_fallback_decides_and_the_administrator_is_told(self):
        self.remember()
        self.tap.hide = [b"CAS"]
        self.send("missing-3")
        poll(lambda: "known to confirm mail" in self.north.queue(), "it is held")
        self.assertNotIn("confirm-missing", self.log())
        self.database("UPDATE message SET arrived = arrived - 5 * 3600 * 1000")
        self.assert_results(self.south.await_mail("suzie", "missing-3"), "mx.south.example", "cas=none")
        self.assertIn("confirm-missing", self.log())
        self.north.await_empty_queue()

    def test_who_was_never_known_to_confirm_is_not_waited_for(self):
        self.database("DELETE FROM memory")
        self.tap.hide = [b"CAS"]
        self.send("missing-4")
        self.assert_results(self.south.await_mail("suzie", "missing-4"), "mx.south.example", "cas=none")
        self.assertIn("_cas.south.example", [name for name, *_ in self.world.dns.asked])

    def test_where_it_is_required_a_fault_of_ours_waits(self):
        """CAS §9.3: plain mail would be refused."""
        self.world.publish('_cas.south.example. 1 IN TXT "v=CAS1; m=required"')
        self.addCleanup(self.world.dns.set_mode, "_cas.south.example", "nxdomain")
        self.tap.rule = lambda c, who, octets: octets.replace(b";k=p;", b";k=t;") if who == "C" else octets
        self.send("missing-5")
        poll(lambda: "5.7.5" in self.log() and "4.7.5" in self.north.queue(), "it waits")
        self.assertEqual(self.tap.with_data(), [])
        self.tap.rule = None
        self.assert_results(self.south.await_mail("suzie", "missing-5"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()


class Learnt(SenderCase):
    """CAS §7.3: what was seen of a server that was verified is remembered, over a restart too."""

    @classmethod
    def build(cls, world):
        super().build(world)
        key = digests(world.certificate("mx.south.example")[0])[0]
        cls.north.tables += (f'[[tls_policy]]\ndomain = "south.example"\ntls = "verify"\n'
                             f'fingerprints = ["spki-sha256:{key}"]\n')

    def test_a_domain_that_confirmed_once_is_held_to_it(self):
        self.send("learnt-1")
        self.assert_results(self.south.await_mail("suzie", "learnt-1"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()
        self.north.restart()
        self.tap.conversations.clear()
        self.tap.hide = [b"CAS"]
        self.send("learnt-2")
        poll(lambda: "known to confirm mail" in self.north.queue(), "it is held")
        self.assertEqual(self.tap.with_data(), [])
        self.tap.hide = []
        self.assert_results(self.south.await_mail("suzie", "learnt-2"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()


class SignedZones(WorldCase):
    """CAS §7.2: what _cas says where DNSSEC vouches for it, and a lookup that fails."""

    @classmethod
    def build(cls, world):
        cls.sinks, anchors = {}, []
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        for name in ("asks", "fails", "unsigned"):
            domain, address = f"{name}.example", world.new_address()
            if name != "unsigned":
                anchors.append(world.dns.sign(domain))
            cls.sinks[name] = Sink(address, world.port)
            cls.addClassCleanup(cls.sinks[name].close)
            world.publish(f"{domain}. 1 IN MX 10 mx.{domain}.\nmx.{domain}. 1 IN A {address}")
        world.publish('_cas.asks.example. 1 IN TXT "v=CAS1; m=required"')
        for name in ("fails", "unsigned"):
            world.dns.set_mode(f"_cas.{name}.example", "servfail")
        cls.north.trust_anchor = world.directory / "anchors"
        cls.north.trust_anchor.write_text("\n".join(anchors) + "\n")

    def send(self, name):
        to = f"w@{name}.example"
        self.north.submit("joe", to, message("joe@north.example", to, "signed"))

    def await_held(self, name, why):
        poll(lambda: f"{name}.example" in self.north.queue() and why in self.north.queue(), "it is held")
        self.assertEqual(self.sinks[name].messages, [])

    def test_a_domain_that_requires_it_is_not_written_to_without_until_it_says_otherwise(self):
        self.send("asks")
        self.await_held("asks", "known to confirm mail")
        self.world.publish('_cas.asks.example. 1 IN TXT "v=CAS1; m=optional"')
        poll(lambda: self.sinks["asks"].messages, "it arrives")
        self.north.await_empty_queue()

    def test_a_lookup_that_fails_is_not_absence(self):
        self.send("fails")
        self.await_held("fails", "cannot be looked up")
        self.world.dns.set_mode("_cas.fails.example", None)
        poll(lambda: self.sinks["fails"].messages, "it arrives")
        self.north.await_empty_queue()

    def test_in_a_zone_that_is_not_signed_a_failed_lookup_holds_nothing_up(self):
        self.send("unsigned")
        poll(lambda: self.sinks["unsigned"].messages, "it arrives")


class PerDomain(WorldCase):
    """[[destination]]."""

    @classmethod
    def build(cls, world):
        cls.sinks = {}
        for name in ("plain", "held", "back"):
            address = world.new_address()
            cls.sinks[name] = Sink(address, world.port)
            cls.addClassCleanup(cls.sinks[name].close)
            world.publish(f"{name}.example. 5 IN MX 10 mx.{name}.example.\nmx.{name}.example. 5 IN A {address}")
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.north.tables = ('[[destination]]\ndomain = "held.example"\nfallback = "hold"\n'
                            '[[destination]]\ndomain = "back.example"\nfallback = "bounce"\nmessages_per_minute = 600\n')

    def send(self, token, domain):
        self.north.submit("joe", f"w@{domain}", message("joe@north.example", f"w@{domain}", token))

    def test_each_domain_has_its_fallback_and_a_reload_changes_it(self):
        for domain in ("plain.example", "held.example", "back.example"):
            self.send("each-1", domain)
        poll(lambda: self.sinks["plain"].messages, "what goes out as it is")
        self.assertIn(b"5.7.0", self.north.await_mail("joe", "w@back.example").raw)
        poll(lambda: "held: the domain does not confirm mail" in self.north.queue(), "it is held")
        self.assertEqual(self.sinks["held"].messages + self.sinks["back"].messages, [])
        text = self.north.config.read_text(encoding="utf-8")
        self.north.config.write_text(text.replace('"hold"', '"send"'), encoding="utf-8")
        self.north.process.send_signal(signal.SIGHUP)
        poll(lambda: self.sinks["held"].messages, "what was held goes")
        self.north.await_empty_queue()


class Chunks(WorldCase):
    """A server that announces CHUNKING and answers BDAT with 502."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        address = world.new_address()
        cls.sink = Sink(address, world.port, keywords=["PIPELINING", "CHUNKING"], knows_bdat=False)
        cls.addClassCleanup(cls.sink.close)
        world.publish(f"east.example. 5 IN MX 10 mx.east.example.\nmx.east.example. 5 IN A {address}")

    def verbs(self):
        return [command.partition(" ")[0] for command in self.sink.commands]

    def send(self, token):
        self.north.submit("joe", "w@east.example", message("joe@north.example", "w@east.example", token))
        poll(lambda: any(token.encode() in m[2] for m in self.sink.messages), "it arrives")
        self.north.await_empty_queue()

    def test_gets_its_message_by_data_on_a_new_connection_and_is_remembered(self):
        self.send("chunks-1")
        self.assertEqual(self.sink.connections, 2)
        self.assertEqual(self.verbs().count("BDAT"), 1)
        self.send("chunks-2")
        self.assertEqual(self.sink.connections, 3)
        self.assertEqual(self.verbs().count("BDAT"), 1)
        self.assertEqual(len(self.sink.messages), 2)


class Refuser:
    """Greets with 421 and hangs up; counts."""

    def __init__(self, address, port):
        self.connections = 0
        refuser = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                refuser.connections += 1
                self.request.sendall(b"421 4.3.2 not today\r\n")

        self._server = TcpServer((address, port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Dead(WorldCase):
    """200 messages for a destination that cannot be used."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"],
                                 settings={"queue": {"first_retry": "300s", "max_retry": "300s"}})
        dead, live = world.new_address(), world.new_address()
        cls.dead, cls.live = Refuser(dead, world.port), Sink(live, world.port)
        cls.addClassCleanup(cls.dead.close)
        cls.addClassCleanup(cls.live.close)
        for name, address in (("dead", dead), ("live", live)):
            world.publish(f"{name}.example. 5 IN MX 10 mx.{name}.example.\nmx.{name}.example. 5 IN A {address}")

    def test_a_dead_destination_gets_few_attempts_and_delays_nobody(self):
        with self.north.login("joe") as client:
            for n in range(200):
                client.sendmail("joe@north.example", ["x@dead.example"],
                                message("joe@north.example", "x@dead.example", f"dead-{n}."))
                if n % 50 == 49:
                    client.sendmail("joe@north.example", ["x@live.example"],
                                    message("joe@north.example", "x@live.example", f"live-{n}."))
        poll(lambda: len(self.live.messages) == 4, "mail to others goes")
        poll(lambda: " resting" in self.north.log.read_text() or '"resting"' in self.north.log.read_text(), "it rests")
        self.assertLessEqual(self.dead.connections, 20)
        self.assertGreaterEqual(self.dead.connections, 1)


if __name__ == "__main__":
    unittest.main()
