# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Seeing and steering the queue: filters, dry runs, holds, bounces, removals, suspended domains, a paused queue."""

import json
import sqlite3
import subprocess
import unittest

from .harness import BOUND, CAS, WorldCase, cas, message, poll
from .peer import Sink

OK, USAGE, DATA, UNAVAILABLE = 0, 64, 65, 69


class Queue(WorldCase):
    """North sends to west, which says what the test wants."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"],
                                 settings={"queue": {"first_retry": "1h", "max_retry": "1h"}})
        cls.said = {}
        address = world.new_address()
        cls.sink = Sink(address, world.port, lambda verb, argument: cls.said.get(verb),
                        certificate=world.certificate("mx.west.example"))
        cls.addClassCleanup(cls.sink.close)
        for domain in ("west.example", "other.example"):
            world.publish(f"{domain}. 5 IN MX 10 mx.west.example.")
        world.publish(f"mx.west.example. 5 IN A {address}")

    def setUp(self):
        self.said.clear()
        self.addCleanup(self.clean)

    def clean(self):
        self.run_queue("resume", status=None)
        self.run_queue("remove", "--all", "--yes", status=None)

    def run_queue(self, *arguments, status=OK):
        done = subprocess.run([CAS, "queue", *arguments, "--config", self.north.config], capture_output=True, text=True,
                              timeout=BOUND)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertNotIn("AddressSanitizer", done.stderr)
        return done.stdout + done.stderr

    def json_of(self, *arguments):
        return json.loads(self.run_queue(*arguments, "--json"))

    def send(self, token, *recipients):
        self.north.submit("joe", list(recipients), message("joe@north.example", list(recipients), token))

    def west(self, token):
        return [m for m in self.sink.messages if token.encode() in m[2]]

    def states(self, *filters):
        return {r["address"]: r["state"] for m in self.json_of("list", *filters)["messages"] for r in m["recipients"]}

    def deferred(self, token, *recipients):
        """In the queue, tried once; its queue id."""
        self.said["MAIL"] = "451 4.3.0 closed for now"
        self.send(token, *recipients)
        listed = poll(lambda: [m for m in self.json_of("list", "--state", "waiting", "--reason", "CLOSED")["messages"]
                               if {r["address"] for r in m["recipients"]} == set(recipients)], "it was tried")
        self.said.clear()
        return listed[-1]["id"]

    def trace(self, identifier):
        return subprocess.run([CAS, "trace", identifier, "--config", self.north.config], capture_output=True, text=True,
                              timeout=BOUND).stdout

    def test_what_is_held_stays_until_it_is_released(self):
        identifier = self.deferred("hold-1", "a@west.example")
        self.assertIn("1 recipient is held", self.run_queue("hold", identifier, "--because", "looks odd"))
        listing = self.run_queue("list", "--state", "held")
        self.assertIn("looks odd", listing)
        self.assertIn("held", listing)
        self.run_queue("retry", identifier, status=DATA)
        self.north.restart()
        self.assertEqual(self.states(), {"a@west.example": "held"})
        self.run_queue("release", identifier)
        poll(lambda: self.west("hold-1"), "it arrives")
        self.north.await_empty_queue()

    def test_a_bounce_goes_back_with_the_operators_words_and_the_trace_tells_it(self):
        identifier = self.deferred("bounce-1", "a@west.example")
        self.run_queue("bounce", identifier, "--because", "the wrong list")
        report = self.north.await_mail("joe", "the wrong list")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertIn("Your own mail server returned the message.", report.as_string())
        self.north.await_empty_queue()
        self.assertEqual(self.west("bounce-1"), [])
        told = self.trace(identifier)
        for word in ("queued", "deferred", "returned", "bounced", "by=", "removed", "dsn=5.7.0", "status=bounced"):
            self.assertIn(word, told)
        self.assertIn("to=joe@north.example", told, "the notification too")

    def test_what_is_removed_is_gone_without_a_word(self):
        before = len(self.north.mail("joe"))
        identifier = self.deferred("remove-1", "a@west.example")
        self.assertIn("1 recipient is removed", self.run_queue("remove", identifier))
        self.assertIn("The queue is empty", self.run_queue("list"))
        self.assertIn("discarded", self.trace(identifier))
        self.assertEqual(len(self.north.mail("joe")), before)
        self.run_queue("show", identifier, status=DATA)

    def test_filters_and_dry_runs_mean_the_same(self):
        self.deferred("filter-1", "a@west.example", "b@other.example")
        for words in (["--domain", "other.example"], ["--reason", "closed", "--domain", "other.example"],
                      ["--sender", "north.example", "--domain", "other.example"],
                      ["--younger-than", "1h", "--domain", "other.example"]):
            self.assertEqual(set(self.states(*words)), {"b@other.example"}, words)
            tried = self.json_of("hold", *words, "--dry-run")
            self.assertEqual((tried["changed"], tried["dry_run"]), (1, True), words)
            self.assertEqual(tried["examples"][0]["recipient"], "b@other.example")
        for words in (["--older-than", "1h"], ["--sender", "<>"], ["--domain", ".west.example"], ["--state", "failed"]):
            self.assertEqual(self.states(*words), {}, words)
        told = self.run_queue("remove", "--domain", "other.example", status=USAGE)
        self.assertIn("--yes", told)
        self.assertIn("b@other.example", told)
        self.assertEqual(len(self.states()), 2, "nothing was changed")
        self.run_queue("remove", "--domain", "other.example", "--yes")
        self.assertEqual(self.states(), {"a@west.example": "waiting", "b@other.example": "removed"})
        self.run_queue("retry")
        poll(lambda: self.west("filter-1"), "the other one arrives")
        self.north.await_empty_queue()
        self.assertEqual([m[1] for m in self.west("filter-1")], [["a@west.example"]])

    def test_nonsense_is_named(self):
        for arguments, word, status in ((["list", "--state", "asleep"], "asleep", DATA),
                                        (["list", "--older-than", "soon"], "soon", USAGE),
                                        (["list", "--domain", "a b"], "a b", DATA),
                                        (["remove"], "--all", USAGE),
                                        (["suspend"], "DOMAIN", USAGE),
                                        (["resume", "never.example"], "never.example", DATA),
                                        (["show", "NOSUCH"], "NOSUCH", DATA),
                                        (["hold", "NOSUCH"], "no such message", DATA),
                                        (["hold", "--all", "--yes", "--because", "caf\u00e9"], "ASCII", DATA)):
            self.assertIn(word, self.run_queue(*arguments, status=status), arguments)

    def test_a_message_is_shown(self):
        identifier = self.deferred("show-1", "a@west.example")
        shown = self.run_queue("show", identifier)
        for word in (identifier, "<joe@north.example>", "<a@west.example>", "closed for now", "waiting"):
            self.assertIn(word, shown)
        header = self.run_queue("show", identifier, "--header")
        self.assertIn("Subject: show-1", header)
        self.assertNotIn("Hello.", header)
        self.assertIn("Hello.", self.run_queue("show", identifier, "--body"))
        self.assertEqual(self.json_of("show", identifier)["id"], identifier)

    def test_a_suspended_domain_waits_also_after_a_restart(self):
        self.run_queue("suspend", "west.example", "--because", "they asked")
        self.send("suspend-1", "a@west.example", "b@other.example")
        poll(lambda: self.west("suspend-1"), "the other domain gets it")
        self.north.restart()
        self.assertEqual(self.states()["a@west.example"], "waiting")
        self.assertEqual(self.json_of("stats")["suspended"], [{"domain": "west.example", "reason": "they asked"}])
        self.assertIn("they asked", self.run_queue("stats"))
        self.assertEqual(len(self.west("suspend-1")), 1)
        self.run_queue("resume", "west.example")
        poll(lambda: len(self.west("suspend-1")) == 2, "it arrives")
        self.north.await_empty_queue()

    def test_a_long_queue_is_seen_and_changed_in_pages(self):
        """Paused, filled, counted, changed; every step over several pages."""
        count = 2100
        self.run_queue("pause", "--because", "a test")
        for first in range(0, count, 300):
            with self.north.login("joe") as client:
                for n in range(first, first + 300):
                    to = f"r{n}@{'west' if n % 3 else 'other'}.example"
                    client.sendmail("joe@north.example", [to], message("joe@north.example", to, f"long-{n}."))
        self.assertEqual(self.json_of("stats")["paused"], "a test")
        self.north.restart()
        self.assertEqual(len(self.json_of("list")["messages"]), count)
        self.assertTrue(self.run_queue("list").endswith(f"{count} messages\n"))
        third = count // 3
        held = self.json_of("hold", "--domain", "other.example", "--because", "third", "--yes")
        self.assertEqual((held["matched"], held["changed"]), (third, third))
        stats = self.json_of("stats")
        self.assertEqual(stats["recipients"], {"waiting": count - third, "held": third})
        self.assertEqual({d["name"]: (d["waiting"], d["held"]) for d in stats["destinations"]},
                         {"west.example": (count - third, 0), "other.example": (0, third)})
        self.assertEqual(stats["reasons"], [{"reason": "third", "recipients": third}])
        postfix = subprocess.run([CAS, "mailq", "--config", self.north.config], capture_output=True, text=True,
                                 timeout=BOUND).stdout
        self.assertRegex(postfix.splitlines()[-1], rf"^-- \d+ Kbytes in {count} Requests\.$")
        self.assertEqual(sum("!" in line for line in postfix.splitlines()), third)
        self.assertEqual(self.json_of("remove", "--state", "waiting", "--yes")["changed"], count - third)
        self.assertEqual(set(self.states().values()), {"held"})
        self.assertEqual(self.json_of("remove", "--all", "--yes")["changed"], third)
        self.assertEqual(self.json_of("list"), {"messages": []})
        self.assertEqual(self.west("long-"), [])

    def test_mailq_of_an_empty_queue(self):
        self.north.await_empty_queue()
        done = subprocess.run([CAS, "mailq", "--config", self.north.config], capture_output=True, text=True, timeout=BOUND)
        self.assertEqual((done.returncode, done.stdout), (0, "Mail queue is empty\n"))


class DamagedRow(WorldCase):
    """The disk gave back another row than was written: it is named, and stands in nobody's way."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"],
                                 settings={"queue": {"first_retry": "1h", "max_retry": "1h"}})

    def test_it_is_shown_as_damaged_and_the_rest_goes_on(self):
        self.world.publish(f"mx.closed.example. 5 IN A {self.world.new_address()}")
        for domain in ("a.example", "b.example", "c.example"):
            self.world.publish(f"{domain}. 5 IN MX 10 mx.closed.example.")
            self.north.submit("joe", f"ann@{domain}", message("joe@north.example", f"ann@{domain}"))
        listed = lambda *arguments: json.loads(cas("queue", *arguments, "--json", "--config", self.north.config))
        before = {m["recipients"][0]["address"]: m["id"] for m in listed("list")["messages"]}
        self.assertEqual(len(before), 3)
        self.north.stop()
        with sqlite3.connect(self.north.directory / "state" / "cas.db") as database:
            database.execute("UPDATE message SET sender = 'damaged' WHERE id = ?", (before["ann@b.example"],))
            database.execute("UPDATE recipient SET address = 'x' WHERE message = ?", (before["ann@c.example"],))
        database.close()
        self.north.start()
        after = listed("list")["messages"]
        whole = [m["recipients"][0]["address"] for m in after if "recipients" in m]
        damaged = {m["id"]: m["damaged"] for m in after if "damaged" in m}
        self.assertEqual(whole, ["ann@a.example"])
        self.assertEqual(set(damaged), {before["ann@b.example"], before["ann@c.example"]})
        self.assertIn("sender", damaged[before["ann@b.example"]])
        self.assertIn("address", damaged[before["ann@c.example"]])
        stats = listed("stats")
        self.assertEqual((stats["messages"], stats["damaged"]), (1, 2))
        self.assertIn("2 messages cannot be understood", cas("queue", "stats", "--config", self.north.config))
        self.assertIn(f"{before['ann@b.example']} (damaged: ", cas("mailq", "--config", self.north.config))
        table = cas("queue", "list", "--config", self.north.config)
        self.assertRegex(table, rf"{before['ann@b.example']} .* damaged ")
        self.assertEqual(len(listed("list", "--domain", "a.example")["messages"]), 1)
        # A change of all goes past it; nothing is lost.
        cas("queue", "remove", "--domain", "a.example", "--yes", "--config", self.north.config)
        self.assertEqual({m["id"] for m in listed("list")["messages"]}, set(damaged))


if __name__ == "__main__":
    unittest.main()
