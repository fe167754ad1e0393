# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Servers that we send to and that hang, break, babble or lie, at every place of the dialog: nothing is lost, what was
taken is sent once, the next host is asked, mail for others goes on, and the queue tells why something waits.

Torn connections between two CAS servers are in test_lost_reply, what CONFIRM answers in test_sender, TLS policies in
test_tls_policy. What clients do to us is in test_hostile."""

import json
import os
import random
import re
import unittest

from .harness import WorldCase, cas, message, poll
from .hostile_peer import FLOODS, IN_DOUBT, WAYS, HostilePeer, cells, judge
from .peer import Sink

SEED = int(os.environ.get("CAS_SEED", "0")) or random.randrange(1, 1 << 32)
TORTURE = max(1, int(os.environ.get("CAS_TORTURE", "1")))  # how much longer than in `make test`
MIB = 1 << 20


def waiting(server):
    """What waits at the server: {address: its last reply}."""
    found = {}
    after = json.loads(cas("queue", "list", "--json", "--config", server.config))
    for entry in after["messages"]:
        for recipient in entry["recipients"]:
            found[recipient["address"]] = recipient.get("reply") or recipient.get("last_reply") or ""
    return found


class PeersCase(WorldCase):
    """North, with short patience, writes to one hostile server with many addresses, each of another temper."""

    hosts = 0
    idle_timeout = "0s"

    @classmethod
    def build(cls, world):
        cls.source = random.Random(SEED)
        print(f"CAS_SEED={SEED}")
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.north.settings["outbound"] = {
            "connect_timeout": "2s", "command_timeout": "2s", "data_timeout": "2s", "final_timeout": "2s",
            "concurrency": 1000, "dane": False, "mta_sts": False, "idle_timeout": cls.idle_timeout}
        cls.north.settings["queue"] = {"first_retry": "1s", "max_retry": "2s", "lifetime": "1h"}
        cls.north.settings["log"] = {"level": "info"}
        net = cls.north.address.rsplit(".", 2)
        # A network of their own: they are more than fit beside the others.
        cls.addresses = [f"{net[0]}.{(int(net[1]) + 1) % 256}.{n + 1}" for n in range(cls.hosts)]
        cls.plans = {}
        cls.words = {}
        cls.peer = HostilePeer(cls.addresses, world.port, world.certificate("mx.peers.example"),
                               lambda address: cls.plan_of(address), lambda address: cls.words.get(address, ["PIPELINING"]))
        cls.addClassCleanup(cls.peer.close)
        for n, address in enumerate(cls.addresses):
            world.publish(f"h{n}.peers.example. 60 IN A {address}\nd{n}.example. 60 IN MX 10 h{n}.peers.example.")
        good = world.new_address()
        cls.good = Sink(good, world.port)
        cls.addClassCleanup(cls.good.close)
        world.publish(f"good.peers.example. 60 IN A {good}\ngood.example. 60 IN MX 10 good.peers.example.")

    @classmethod
    def plan_of(cls, address):
        return cls.plans.get(address)

    def taken(self):
        """How often each recipient's message was answered 250: {address: times}."""
        times = {}
        for _, recipients, _ in list(self.peer.messages):
            for recipient in recipients:
                times[recipient] = times.get(recipient, 0) + 1
        return times

    def reports(self):
        """What joe was told: {address: text of the report}."""
        told = {}
        for raw in self.north.mail("joe"):
            for address in re.findall(rb"Final-Recipient: rfc822; ?(\S+)", raw):
                told[address.decode()] = raw.decode("utf-8", "replace")
        return told


class Table(PeersCase):
    """Every place and way once alone, once with a second host behind it; a part of them in a short run."""

    @classmethod
    def build(cls, world):
        cls.cells = [cell for cell in cells() if cell[0] != "rset"]
        if TORTURE == 1:
            cls.cells = random.Random(SEED).sample(cls.cells, len(cls.cells) // 3)
        cls.hosts = len(cls.cells)
        super().build(world)
        for n, (state, way) in enumerate(cls.cells):
            address = cls.addresses[n]
            cls.plans[address] = (state, way)
            words = ["PIPELINING"] if cls.source.random() < 0.5 else []
            if state == "confirm":
                words.append("CAS 1")
            if state == "bdat":
                words.append("CHUNKING")
            cls.words[address] = words
            world.publish(f"s{n}.example. 60 IN MX 10 h{n}.peers.example.\ns{n}.example. 60 IN MX 20 good.peers.example.")
            if (state, way) == ("connect", "refused"):
                cls.peer.refuse(address)
                cls.refusing = address

    def test_nothing_is_lost_nothing_comes_twice_and_the_queue_tells_why(self):
        with self.north.login("joe") as client:
            def send(domain):
                to = [f"a@{domain}", f"b@{domain}"]
                client.sendmail("joe@north.example", to, message("joe@north.example", to, f"to-{domain}"))

            for n in range(self.hosts):
                send(f"d{n}.example")
                send(f"s{n}.example")
            send("good.example")
        poll(lambda: [m for m in self.good.messages if b"to-good.example" in m[2]], "mail for others goes on")
        expected, second = self.expectations()
        self.assert_reasons(expected)
        self.assert_second_host(second)
        for address, outcome in {**expected, **second}.items():
            if outcome[0] == "bounced":
                self.assert_bounced(address)
        for address, outcome in expected.items():
            if outcome[0] == "waits":
                self.assertNotIn(address, self.taken(), outcome)
        self.heal()
        self.north.await_empty_queue(bound=120)
        self.assert_once(expected, second)
        self.assertTrue(self.north.alive)

    def expectations(self):
        """{address: (outcome, cell, reason)}, of those with one host and of those with two."""
        expected, second = {}, {}
        for n, cell in enumerate(self.cells):
            outcomes, reason = judge(*cell)
            for local, outcome in zip("ab", outcomes):
                expected[f"{local}@d{n}.example"] = (outcome, cell, reason)
                second[f"{local}@s{n}.example"] = (outcome, cell, reason)
        return expected, second

    def assert_reasons(self, expected):
        """Of all that wait, at once: the queue says what the server did."""
        wrong = {}

        def all_told():
            wrong.clear()
            told = waiting(self.north)
            for address, (outcome, cell, reason) in expected.items():
                if outcome == "waits" and not re.search(reason, told.get(address, "(not in the queue)")):
                    wrong[address] = (cell, reason, told.get(address))
            return not wrong

        try:
            poll(all_told, "the queue tells why")
        except AssertionError:
            self.fail("\n".join(map(str, wrong.items())))
        for text in waiting(self.north).values():
            self.assertFalse(re.search(r"[\x00-\x1f\x7f]", text), repr(text))

    def assert_second_host(self, second):
        """Who waits for the first host only is served by the second; in doubt, nobody else may be asked."""
        def served():
            return {to for _, recipients, _ in list(self.good.messages) for to in recipients}

        wanted = {address for address, (outcome, cell, _) in second.items() if self.goes_on(outcome, cell)}
        try:
            poll(lambda: wanted <= served(), "the second host took it")
        except AssertionError:
            told = waiting(self.north)
            self.fail("\n".join(str((to, second[to], told.get(to))) for to in wanted - served()))
        for address, (outcome, cell, reason) in second.items():
            if self.goes_on(outcome, cell) is False and outcome == "waits":
                self.assertNotIn(address, served(), cell)

    @staticmethod
    def goes_on(outcome, cell):
        """A reply that speaks of the recipient is an answer, and so is silence after the end of the data; everything else
        is the host's trouble. None: it may, and may not."""
        if outcome != "waits":
            return False
        state, way = cell
        if way == "421":
            return True  # RFC 5321 §3.8: it leaves, and says nothing of who is written to
        if state == "body" and way in ("close", "reset"):
            return None  # whether the end had left by then is the network's affair
        if state in ("dot", "bdat", "body"):
            return False
        answers = ("4xx", "escapes") if state in ("mail", "rcpt1", "rcpt2", "data", "confirm") else ()
        return way not in answers

    def assert_bounced(self, address):
        poll(lambda: address in self.reports(), f"joe hears of {address}")
        self.assertIn("never", self.reports()[address])

    def heal(self):
        self.plans.clear()
        if getattr(self, "refusing", None):
            self.peer.listen(self.refusing)

    def assert_once(self, expected, second):
        times = self.taken()
        for _, recipients, _ in self.good.messages:
            for to in recipients:
                times[to] = times.get(to, 0) + 1
        for address, (outcome, cell, _) in {**expected, **second}.items():
            count = times.get(address, 0)
            if outcome == "any":
                self.assertGreaterEqual(count, 1, (address, cell))
            else:
                self.assertEqual(count, 0 if outcome == "bounced" else 1, (address, cell))
            self.assertEqual(address in self.reports(), outcome == "bounced", (address, cell))


class Kept(PeersCase):
    """A connection that is used again begins with RSET where its last transaction was given up."""

    idle_timeout = "5s"

    @classmethod
    def build(cls, world):
        cls.ways = WAYS["rset"]
        cls.hosts = len(cls.ways)
        super().build(world)
        for address, way in zip(cls.addresses, cls.ways):
            cls.plans[address] = ("rset", way)

    def test_what_rset_meets_costs_a_connection_and_no_message(self):
        for n in range(self.hosts):
            to = f"no@d{n}.example"
            self.north.submit("joe", to, message("joe@north.example", to, "refused"))
        poll(lambda: sum("not him" in text for text in waiting(self.north).values()) == self.hosts, "each was refused")
        wanted = {f"a@d{n}.example" for n in range(self.hosts)}

        def all_met():
            """Whether each was asked RSET; one more message where the connection was not kept long enough."""
            met = {address for address, _, _ in list(self.peer.done)}
            for n, address in enumerate(self.addresses):
                if address not in met:
                    to = f"a{len(wanted)}@d{n}.example"
                    wanted.add(to)
                    self.north.submit("joe", to, message("joe@north.example", to, "second"))
            return len(met) == self.hosts

        for to in sorted(wanted):
            self.north.submit("joe", to, message("joe@north.example", to, "first"))
        poll(all_met, "RSET was asked everywhere")
        poll(lambda: wanted <= set(self.taken()), "all were delivered")
        self.assertEqual({to: times for to, times in self.taken().items() if times != 1}, {})
        cas("queue", "remove", "--all", "--yes", "--config", self.north.config)


class Large(PeersCase):
    """Messages that are longer than what a network holds in flight."""

    hosts = 4

    @classmethod
    def build(cls, world):
        super().build(world)
        cls.north.settings["limits"] = {"message": 64 * MIB}
        for n, address in enumerate(cls.addresses):
            cls.plans[address] = ("body", "5xx-unread" if n < 2 else "half-read")
            cls.words[address] = ["PIPELINING"]
            if n % 2:
                cls.words[address] += ["NOTLS"]  # in the clear

    def test_a_server_that_gives_up_is_heard_and_one_that_stops_reading_is_left(self):
        body = ("x" * 70 + "\r\n") * (12 * MIB // 72)
        for n in range(self.hosts):
            to = f"a@d{n}.example"
            self.north.submit("joe", to, message("joe@north.example", to, f"large-{n}", body))
        for n in range(2):
            poll(lambda n=n: f"a@d{n}.example" in self.reports(), "joe hears what the server said")
            self.assertIn("554 5.3.0 never", self.reports()[f"a@d{n}.example"])
        stuck = {f"a@d{n}.example" for n in range(2, 4)}
        poll(lambda: all("timed out" in waiting(self.north).get(to, "") for to in stuck), "the others wait")
        self.plans.clear()
        self.north.await_empty_queue()
        self.assertEqual(self.taken(), dict.fromkeys(stuck, 1))


class Floods(PeersCase):
    """A reply without end: it is no reply, and no reason to grow."""

    hosts = 12

    @classmethod
    def build(cls, world):
        super().build(world)
        states = ("greeting", "ehlo", "ehlo2", "mail", "data", "dot")
        for n, address in enumerate(cls.addresses):
            cls.plans[address] = (states[n % len(states)], FLOODS[n // len(states) % 2])

    def test_memory_is_bounded(self):
        for round in range(2):
            before = self.north.peak_memory()
            for n in range(self.hosts):
                to = f"a{round}@d{n}.example"
                self.north.submit("joe", to, message("joe@north.example", to, "flood"))
            poll(lambda: len(waiting(self.north)) == (round + 1) * self.hosts, "they wait")
            wanted = "too long|malformed|" + IN_DOUBT
            poll(lambda: all(re.search(wanted, said) for said in waiting(self.north).values()), "all were left")
        # The first round warmed everything up; a sanitizer keeps what is freed for a while. Nobody stopped would be gigabytes.
        self.assertLess(self.north.peak_memory() - before, 256 * MIB)
        self.plans.clear()
        self.north.await_empty_queue()


class Verbose(PeersCase):
    """Replies far longer than anybody reads: the beginning is kept."""

    def test_what_is_kept_of_a_reply_is_bounded(self):
        line = "550-5.1.1 " + "x" * 230
        reply = "\r\n".join(["550-5.1.1 no such user"] + [line] * 100 + ["550 5.1.1 end"])
        self.good.answer = lambda verb, _: reply if verb == "RCPT" else None
        self.north.submit("joe", "ann@good.example", message("joe@north.example", "ann@good.example"))
        report = self.north.await_mail("joe", "Final-Recipient").raw
        self.assertIn(b"no such user", report)
        self.assertLess(len(report), 8192)


class Moods(PeersCase):
    """Every connection anew: another place, another way, or none. In the end everybody has his mail."""

    hosts = 6

    @classmethod
    def build(cls, world):
        super().build(world)
        # What is said to the recipient for good is another story, and what may be lost behind a 250 too.
        cls.menu = [(state, way) for state, way in cells()
                    if state != "confirm" and not way.startswith(("5xx", "250-")) and way != "refused"]
        for n, address in enumerate(cls.addresses):
            cls.words[address] = [["PIPELINING"], [], ["PIPELINING", "CHUNKING"]][n % 3]
        for n in range(cls.hosts):
            first, second = f"h{n}.peers.example.", f"h{(n + 1) % cls.hosts}.peers.example."
            world.publish(f"d{n}.example. 60 IN MX 10 {first}\nd{n}.example. 60 IN MX 20 {second}")

    @classmethod
    def plan_of(cls, address):
        with cls.peer.lock:
            return cls.source.choice(cls.menu) if cls.moody and cls.source.random() < 0.7 else None

    moody = True

    def test_in_the_end_everybody_has_his_mail_once(self):
        wanted = set()
        for n in range(12 * TORTURE):
            domain = f"d{n % self.hosts}.example"
            to = [f"{local}@{domain}" for local in (f"a{n}", f"b{n}", f"c{n}")[:self.source.randint(1, 3)]]
            wanted.update(to)
            self.north.submit("joe", to, message("joe@north.example", to, f"mood-{n}"))
        type(self).moody = True
        poll(lambda: len(self.peer.done) > 8 * TORTURE or wanted <= set(self.taken()), "much went wrong", bound=120)
        type(self).moody = False
        self.north.await_empty_queue(bound=120)
        self.assertEqual(set(self.taken()), wanted)
        self.assertEqual({to: times for to, times in self.taken().items() if times != 1}, {})
        self.assertEqual(self.reports(), {})


if __name__ == "__main__":
    unittest.main()
