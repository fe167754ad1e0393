# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The Screener: strangers wait, owners decide, and what waited arrives once and in order (CAS §11)."""

import json
import random
import re
import signal
import smtplib
import time
import unittest

from .harness import WorldCase, cas, message, poll
from .peer import Sink


def subjects(messages):
    return [re.search(rb"^Subject: (.*)$", m, re.M).group(1).strip().decode() for m in messages]


class Screened(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=("joe", "ann"), users=("joe", "ann", "news"))
        cls.south = world.server("south.example", mailboxes=("suzie", "bob", "eve", "kim", "lee", "max", "pat", "zoe"),
                                 users=("suzie", "max"), settings={"screener": {"digest_after": "0s", "digest_every": "24h"}})
        cls.south.domains[0]["more"] = {"screener": "hold"}
        cls.sink = Sink(str(world.directory / "lmtp"), None, lambda *_: None, lmtp=True)
        cls.addClassCleanup(cls.sink.close)
        cls.south.add_domain("backend.example", ["suzie", "bob"])
        cls.south.domains[1]["deliver"] = f"lmtp:unix:{world.directory / 'lmtp'}"
        cls.south.domains[1]["more"] = {"screener": "hold"}
        cls.south.add_domain("moving.example", ["ann"])
        cls.south.domains[2]["more"] = {"screener": "hold"}

    def tool(self, *arguments, check=True):
        return cas(*arguments, "--config", self.south.config, check=check)

    def send(self, to, token, user="joe", extra=""):
        self.north.submit(user, to, message(f"{user}@north.example", to, token, extra=extra))

    def plain(self, to, token, sender="stranger@elsewhere.example", author=None, extra="", envelope=None):
        """As a server without CAS and signatures does; the reply to the end of data."""
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
            return client.sendmail(sender if envelope is None else envelope, to,
                                   message(author or sender, to, token, extra=extra))

    def screened(self, mailbox):
        return subjects(self.south.folder(mailbox, "Screener"))

    def await_screened(self, mailbox, tokens):
        poll(lambda: self.screened(mailbox) == tokens, f"{tokens} in the Screener of {mailbox}")

    def inbox(self, mailbox):
        return [s for s in subjects(self.south.mail(mailbox)) if "in your Screener" not in s]

    def senders(self, mailbox, *more):
        return json.loads(self.tool("screener", "list", mailbox, "--json", *more))["senders"]

    # ---- Hold ----

    def test_a_stranger_waits_outside_of_the_inbox_and_what_is_approved_arrives_in_order(self):
        for n in range(3):
            self.send("suzie@south.example", f"first-{n}")
            self.await_screened("suzie", [f"first-{i}" for i in range(n + 1)])
        self.assertEqual(self.inbox("suzie"), [])
        self.assertIn("[CAS:held]", self.south.log.read_text())
        [sender] = self.senders("suzie@south.example")
        self.assertEqual((sender["sender"], sender["held"], sender["proven"]), ("joe@north.example", 3, True))
        shown = self.tool("screener", "show", "suzie@south.example")
        self.assertEqual(re.findall(r"first-\d", shown), ["first-0", "first-1", "first-2"])
        self.tool("screener", "approve", "suzie@south.example", "joe@north.example")
        poll(lambda: self.inbox("suzie") == ["first-0", "first-1", "first-2"], "all three are in the inbox")
        self.assertEqual(self.screened("suzie"), [])
        self.send("suzie@south.example", "later")
        poll(lambda: "later" in self.inbox("suzie"), "no stranger any more")
        [raw] = self.south.find("suzie", "Subject: later")
        self.assertIn(b"policy.cas=confirmed", raw)
        self.assertIn("screener-approve", self.south.log.read_text() + self.audit())

    def audit(self):
        import sqlite3
        with sqlite3.connect(f"file:{self.south.directory}/state/cas.db?mode=ro", uri=True) as db:
            return "\n".join(" ".join(map(str, row)) for row in db.execute("SELECT by, action, subject FROM audit"))

    def test_who_is_blocked_is_refused_and_undo_brings_him_back(self):
        self.send("bob@south.example", "block-me")
        self.await_screened("bob", ["block-me"])
        self.tool("screener", "block", "bob@south.example", "joe@north.example")
        self.send("bob@south.example", "blocked")
        bounce = self.north_bounce("blocked")
        self.assertIn("550", bounce)
        self.assertIn("[CAS:refused]", bounce)
        self.assertEqual(self.screened("bob"), ["block-me"], "what waited stays where it is")
        self.tool("screener", "undo", "bob@south.example", "joe@north.example")
        self.send("bob@south.example", "again")
        self.await_screened("bob", ["block-me", "again"])

    def north_bounce(self, token):
        line = poll(lambda: next((l for l in self.north.log.read_text().splitlines()
                                  if "to=bob@south.example" in l and "dsn=5" in l), None), f"{token} is refused")
        return line

    def test_who_approves_a_domain_gets_what_waits_of_it(self):
        self.send("zoe@south.example", "from-joe")
        poll(lambda: self.screened("zoe") == ["from-joe"], "it waits")
        self.tool("screener", "approve", "zoe@south.example", "north.example")
        poll(lambda: self.inbox("zoe") == ["from-joe"], "let go")
        self.tool("screener", "block", "zoe@south.example", "north.example")
        self.assertIn("cas screener undo zoe@south.example domain:north.example",
                      self.tool("why", "joe@north.example", "zoe@south.example", "--intent"))
        self.tool("screener", "undo", "zoe@south.example", "domain:north.example")

    def test_a_mailbox_of_another_server_is_no_mailbox_here(self):
        for words in (("approve", "pat@elsewhere.example", "joe@north.example"), ("mode", "pat@elsewhere.example", "off")):
            with self.assertRaisesRegex(AssertionError, "none of this server's domains"):
                self.tool("screener", *words)
        with self.assertRaisesRegex(AssertionError, "anybody can register"):
            self.tool("expect", "zoe@south.example", "--from", "com")

    def test_a_window_can_be_closed(self):
        self.tool("expect", "zoe@south.example", "--from", "shop.example")
        self.assertIn("Nothing is expected", self.tool("expect", "zoe@south.example", "--from", "shop.example", "--for", "0s"))

    def test_mail_that_nothing_proves_is_approved_only_by_name_and_explicit_wish(self):
        self.plain("eve@south.example", "claims")
        self.await_screened("eve", ["claims"])
        [sender] = self.senders("eve@south.example")
        self.assertEqual((sender["sender"], sender["proven"]), ("?stranger@elsewhere.example", False))
        self.assertIn("nothing proves", self.tool("screener", "list", "eve@south.example"))
        said = self.tool("screener", "approve", "eve@south.example", "stranger@elsewhere.example")
        self.assertIn("One message that waits shows this name and nothing proves it", said)
        self.plain("eve@south.example", "claims-again")
        self.await_screened("eve", ["claims", "claims-again"])
        self.tool("screener", "approve", "eve@south.example", "stranger@elsewhere.example", "--unauthenticated")
        poll(lambda: self.inbox("eve") == ["claims", "claims-again"], "let go")

    def test_a_varying_from_and_client_makes_no_new_stranger(self):
        self.send("kim@south.example", "plus", user="joe")
        self.await_screened("kim", ["plus"])
        self.assertEqual(len(self.senders("kim@south.example")), 1)
        with self.assertRaises(smtplib.SMTPResponseException) as refused:
            self.submit_now("ann", "kim@south.example", "second-of-the-domain")
        self.assertEqual(refused.exception.smtp_code, 451)
        self.assertEqual(len(self.senders("kim@south.example")), 1, "one of a domain waits at a time")

    def submit_now(self, user, to, token):
        """What South says to North, which only waits: the log of North has it."""
        self.send(to, token, user=user)
        line = poll(lambda: next((l for l in self.north.log.read_text().splitlines()
                                  if f"to={to}" in l and "status=deferred" in l), None), f"{token} is deferred")
        code = int(re.search(r"(\d{3}) [45]\.\d", line).group(1))
        raise smtplib.SMTPResponseException(code, line)

    def test_bulk_without_a_relationship_is_refused_and_never_waits(self):
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.plain("lee@south.example", "bulk", extra="List-Id: <news.elsewhere.example>\r\n")
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assertIn(b"[CAS:consent]", refused.exception.smtp_error)
        self.assertEqual(self.senders("lee@south.example"), [])

    def test_mail_that_nobody_wrote_is_held_in_silence(self):
        self.plain("lee@south.example", "robot", extra="Auto-Submitted: auto-replied\r\n")
        self.await_screened("lee", ["robot"])
        self.assertEqual(self.senders("lee@south.example"), [])

    # ---- What approves ----

    def test_whom_the_owner_writes_to_is_no_stranger(self):
        self.send("max@south.example", "before")
        self.await_screened("max", ["before"])
        self.south.submit("max", "joe@north.example", message("max@south.example", "joe@north.example", "hello"))
        poll(lambda: self.inbox("max") == ["before"], "what waited is let go")
        self.send("max@south.example", "answer")
        poll(lambda: "answer" in self.inbox("max"), "the answer arrives")

    def test_a_window_lets_a_code_in_at_once(self):
        self.assertIn("may write", self.tool("expect", "pat@south.example", "--for", "15m", "--from", "north.example"))
        self.plain("pat@south.example", "not-this-one")
        self.await_screened("pat", ["not-this-one"])
        self.send("pat@south.example", "code-4711")
        poll(lambda: self.inbox("pat") == ["code-4711"], "the code is there")
        self.assertIn("rule=expected", self.south.log.read_text())

    def test_seeding_approves_whom_mail_folders_know(self):
        folder = self.south.directory / "old"
        for part in ("cur", "new", "tmp", ".Junk/cur"):
            (folder / part).mkdir(parents=True)
        (folder / "cur" / "1:2,S").write_bytes(b"From: Friend <friend@north.example>\nTo: x@y.example\n\nHi.\n")
        (folder / ".Junk" / "cur" / "1:2,S").write_bytes(b"From: spammer@north.example\n\nHi.\n")
        sent = self.south.directory / "sent"
        sent.write_bytes(b"From x\nFrom: me@south.example\nTo: One <one@x.example>,\n two@x.example\n\nFrom here on\n\nFrom x\nCc: three@x.example\n\n")
        arguments = ("screener", "seed", "suzie@backend.example", "--folder", folder, "--sent", sent)
        self.assertEqual(self.tool(*arguments, "--dry-run").split(),
                         ["friend@north.example", "one@x.example", "three@x.example", "two@x.example"])
        self.assertIn("4 addresses", self.tool(*arguments))
        decided = {row["sender"] for row in self.senders("suzie@backend.example", "--decided")}
        self.assertLessEqual({"friend@north.example", "spf:two@x.example"}, decided)
        self.assertFalse(any("spammer" in sender for sender in decided))

    # ---- Defer ----

    def test_who_put_others_off_is_looked_at_again_after_an_entry_or_a_window(self):
        sender, both = "caller@elsewhere.example", ["eve@south.example", "kim@south.example"]
        self.tool("screener", "mode", both[0], "defer")
        self.addCleanup(self.tool, "screener", "mode", both[0], "default")

        def told():
            with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
                client.ehlo()
                client.mail(sender)
                return [client.rcpt(to)[0] for to in both]

        def put_off():
            self.assertEqual(told(), [250, 452], "eve's word is waited for, and hers alone")
            with self.assertRaises(smtplib.SMTPDataError):
                self.plain(both, "put-off", sender)
            self.assertEqual(told(), [451, 250], "kim's turn")

        put_off()
        self.tool("expect", both[0], "--from", "shop.example")
        put_off()
        self.tool("allow", "add", "friend.example", "--for", both[0])
        self.assertEqual(told(), [250, 452])

    def test_a_mailbox_that_defers_takes_nothing_in_before_it_approves(self):
        self.tool("screener", "mode", "lee@south.example", "defer")
        self.addCleanup(self.tool, "screener", "mode", "lee@south.example", "default")
        self.send("lee@south.example", "deferred", user="news")
        poll(lambda: "[CAS:pending retry=" in self.north.log.read_text(), "pending")
        self.assertNotIn("deferred", self.screened("lee"))
        self.tool("screener", "approve", "lee@south.example", "news@north.example")
        cas("queue", "retry", "--config", self.north.config)
        poll(lambda: self.inbox("lee") == ["deferred"], "approved, and sent again")

    # ---- Backends, digests, crashes ----

    def test_a_backend_gets_what_is_approved_in_order(self):
        for n in range(4):
            self.send("bob@backend.example", f"behind-{n}")
            poll(lambda n=n: self.held("bob@backend.example") == n + 1, f"{n + 1} wait")
        self.assertEqual(self.sink.messages, [])
        self.assertIn("the Screener", self.tool("queue", "list", "--state", "held"))
        self.tool("screener", "approve", "bob@backend.example", "joe@north.example")
        poll(lambda: len(self.sink.messages) == 4, "all are behind")
        self.assertEqual(subjects(octets for _, _, octets in self.sink.messages), [f"behind-{n}" for n in range(4)])
        poll(lambda: self.held("bob@backend.example") == 0, "and nothing waits")

    def test_a_mailbox_that_moves_behind_a_backend_takes_what_waits_with_it(self):
        """What was on its way into the folder when the mailboxes went elsewhere waits in the queue: no server behind gets it."""
        south = self.south
        self.tool("queue", "pause")
        self.addCleanup(self.tool, "queue", "resume", check=False)
        self.send("ann@moving.example", "on-its-way")
        poll(lambda: any(row["held"] for row in self.senders("ann@moving.example")), "it is taken")
        south.domains[2]["deliver"] = south.domains[1]["deliver"]
        south.write_config()
        self.reload()
        before = len(self.sink.messages)
        self.tool("queue", "resume")
        poll(lambda: "the Screener" in self.tool("queue", "list", "--domain", "moving.example", "--state", "held"), "it waits")
        self.assertEqual(self.held("ann@moving.example"), 1)
        self.assertEqual(len(self.sink.messages), before)
        self.tool("screener", "approve", "ann@moving.example", "joe@north.example")
        poll(lambda: len(self.sink.messages) == before + 1, "approved")
        self.assertIn(b"on-its-way", self.sink.messages[-1][2])
        poll(lambda: self.held("ann@moving.example") == 0, "nothing waits")

    def reload(self):
        times = self.south.log.read_text().count(" reloaded")
        self.south.process.send_signal(signal.SIGHUP)
        poll(lambda: self.south.log.read_text().count(" reloaded") > times, "reloaded")

    def test_what_others_let_go_waits_no_more(self):
        """The operator releases what the queue holds; an owner moves a message with a mail program."""
        self.send("suzie@backend.example", "released", user="news")
        poll(lambda: self.held("suzie@backend.example") == 1, "it waits")
        self.tool("queue", "release", "--state", "held", "--yes")
        poll(lambda: any(b"Subject: released" in octets for _, _, octets in self.sink.messages), "it is behind")
        poll(lambda: self.held("suzie@backend.example") == 0, "nothing waits there")
        self.assertEqual(self.senders("suzie@backend.example"), [])
        self.send("max@south.example", "moved", user="news")
        poll(lambda: "moved" in self.screened("max"), "it waits")
        folder = self.south.maildir("max") / ".Screener" / "new"
        file = poll(lambda: next((f for f in folder.iterdir() if b"Subject: moved" in f.read_bytes()), None), "there")
        file.rename(self.south.maildir("max") / "cur" / (file.name + ":2,S"))
        poll(lambda: not any("news@" in row["sender"] for row in self.senders("max@south.example")), "nobody waits")

    def held(self, mailbox):
        return len(json.loads(self.tool("screener", "show", mailbox, "--json"))["held"])

    def test_the_owner_hears_once_who_waits(self):
        letters = poll(lambda: [m for m in self.south.mail("suzie") if b"in your Screener" in m] or
                       (self.send("suzie@south.example", "for-a-digest", user="ann"), None)[1], "a digest")
        text = letters[0].decode()
        self.assertEqual(len(letters), 1)
        self.assertRegex(text, r"(?m)^  north\.example   (joe|ann)@north\.example   \d+ messages?$")
        self.assertIn("Auto-Submitted: auto-generated", text)
        self.assertNotIn("http", text)


class Crashes(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=("suzie",))
        cls.south.domains[0]["more"] = {"screener": "hold"}
        cls.sink = Sink(str(world.directory / "lmtp"), None, lambda *_: None, lmtp=True)
        cls.addClassCleanup(cls.sink.close)
        cls.south.add_domain("backend.example", ["suzie"])
        cls.south.domains[1]["deliver"] = f"lmtp:unix:{world.directory / 'lmtp'}"
        cls.south.domains[1]["more"] = {"screener": "hold"}
        cls.south.add_domain("moving.example", ["ann"])
        cls.south.domains[2]["more"] = {"screener": "hold"}

    def test_a_kill_while_it_is_let_go_loses_and_doubles_nothing(self):
        """An approval is durable when the command says so; what is cut off is done again."""
        for turn in range(6):
            for domain in ("south.example", "backend.example"):
                author = f"s{turn}@{domain.partition('.')[0]}-{turn}.example"
                wanted = [f"{domain}-{turn}-{n}" for n in range(8)]
                with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
                    for token in wanted:
                        client.sendmail(author, f"suzie@{domain}", message(author, f"suzie@{domain}", token))
                cas("screener", "approve", f"suzie@{domain}", author, "--unauthenticated", "--config", self.south.config)
                time.sleep(random.random() * 0.15)
                self.south.kill()
                self.south.start()
                self.assert_arrived(domain, wanted)

    def assert_arrived(self, domain, wanted):
        def inbox():
            found = self.south.mail("suzie") if domain == "south.example" else [m for _, _, m in self.sink.messages]
            return [s for s in subjects(found) if s.startswith(wanted[0][:-1])]

        poll(lambda: len(inbox()) >= len(wanted), f"all of {wanted[0][:-2]} arrive")
        poll(lambda: json.loads(cas("screener", "show", f"suzie@{domain}", "--json", "--config", self.south.config))["held"] == [],
             "nothing waits")
        if domain == "south.example":
            self.assertEqual(inbox(), wanted)
        else:
            # A backend that got a message whose 250 was lost gets it again (RFC 2033, RFC 5321 §4.5.4.1).
            self.assertEqual(list(dict.fromkeys(inbox())), wanted)
            self.assertLessEqual(len(inbox()), len(wanted) + 1)
        self.assertEqual(self.south.folder("suzie", "Screener", domain), [])


if __name__ == "__main__":
    unittest.main()
