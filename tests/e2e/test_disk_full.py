# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full, on a small file system of its own: while mail is accepted, while it is delivered, while it is
written down what became of it. Nothing acknowledged is lost, nothing is delivered twice, and when there is room again
all goes on without a restart."""

import collections
import contextlib
import re
import signal
import smtplib
import sqlite3
import sys
import threading
import unittest

from .crash import Submitter, copies_in, doubled, judge
from .harness import WorldCase, message, poll
from .peer import Closed, connect, dot
from .seed import TORTURE, dice
from .small_disk import SmallDisk, own_namespace

MIB = 1 << 20
FULL = ("452 4.3.1", "451 4.3.0", "451 4.7.13")  # the last: the ledger cannot be written


def setUpModule():
    own_namespace()


class DiskCase(WorldCase):
    min_free_disk = 0  # no watermark: the disk itself says no

    @classmethod
    def small(cls, server, place, size):
        """`place` of the server's directory on a disk of that size."""
        disk = SmallDisk(server.directory / place, size)
        server.world.disks.append(disk)
        server.settings["limits"] = {"min_free_disk": cls.min_free_disk}
        return disk

    def send(self, token, octets=2000, server=None, tell=None):
        """One message as a stranger sends it; the status of its end, or of the command that was refused."""
        with connect(server or self.south) as peer:
            for line in ("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA"):
                reply = peer.cmd(line)
                if reply.code >= 400:
                    return reply.status
            peer.send(dot(message("s@west.example", "suzie@south.example", token, "x" * 70 * (octets // 70) + "\r\n")
                          if octets < 900 else
                          message("s@west.example", "suzie@south.example", token, ("x" * 70 + "\r\n") * (octets // 72))))
            return peer.reply().status

    def assert_exactly_once(self, tokens, server=None):
        server = server or self.south
        server.await_empty_queue()
        subjects = collections.Counter(re.search(rb"(?m)^Subject: (\S+)", m)[1].decode() for m in server.mail("suzie"))
        self.assertEqual({t: subjects[t] for t in tokens}, {t: 1 for t in tokens})

    @contextlib.contextmanager
    def log_held(self, server):
        """Someone reads in cas.db: what is written meanwhile makes its log grow, and needs room."""
        reader = sqlite3.connect(server.directory / "state" / "cas.db", isolation_level=None)
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM message").fetchone()
            yield
        finally:
            reader.close()

    def chunks(self, server):
        with contextlib.closing(sqlite3.connect(server.directory / "state" / "cas.db")) as db:
            return db.execute("SELECT count(*) FROM chunk").fetchone()[0]

    def says(self, server, word):
        return word in server.tail(1 << 30)


class Accepting(DiskCase):
    """The disk of the queue."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example")
        cls.disk = cls.small(cls.south, "state", 40 * MIB)

    def tearDown(self):
        self.disk.make_room()

    def test_small_messages_are_told_452_and_taken_again_when_there_is_room(self):
        taken, refused = [], []
        self.assertEqual(self.send("small-first"), "250 2.0.0")
        with self.log_held(self.south):
            self.disk.fill()
            for n in range(4000):
                status = self.send(f"small-{n}", 10000)
                (taken if status == "250 2.0.0" else refused).append(f"small-{n}")
                if status != "250 2.0.0":
                    self.assertIn(status, FULL)
                if len(refused) == 3:
                    break
        self.assertEqual(len(refused), 3)
        self.disk.make_room()
        self.assertEqual(self.send("small-again"), "250 2.0.0")
        self.assert_exactly_once([*taken, "small-again"])
        self.assertFalse([r for r in refused if self.south.find("suzie", f"Subject: {r}\n")])

    def test_a_large_message_is_refused_in_its_middle_and_leaves_nothing(self):
        octets = dot(message("s@west.example", "suzie@south.example", "middle-1", ("x" * 998 + "\r\n") * 20000))
        with connect(self.south) as peer:
            before = self.disk.free
            peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
            peer.send(octets[:4 * MIB])
            poll(lambda: self.disk.free < before - 4 * MIB, "the beginning is on the disk")
            self.disk.fill()
            peer.send(octets[4 * MIB:])
            self.assertIn(peer.reply().status, FULL)
            self.disk.make_room()
            peer.pipeline("MAIL FROM:<s@west.example>", "RCPT TO:<suzie@south.example>", "DATA")
            peer.send(octets)
            self.assertEqual(peer.reply().status, "250 2.0.0")
        self.assert_exactly_once(["middle-1"])
        poll(lambda: self.chunks(self.south) == 0, "nothing of it is left in the store")

    def test_a_server_that_starts_on_a_full_disk_has_lost_nothing(self):
        for how in (self.south.kill, self.south.stop):
            token = f"start-{how.__name__}"
            self.assertEqual(self.send(token), "250 2.0.0")
            how()
            self.disk.fill()
            before = len(self.south.tail(1 << 30))
            self.south.start(wait=False)
            poll(lambda: not self.south.alive or " ready " in self.south.tail(1 << 30)[before:],
                 "it starts, or says that it cannot")
            self.disk.make_room()
            if not self.south.alive:
                said = self.south.tail(1 << 30)[before:]
                self.assertEqual(self.south.process.returncode, 75, said)  # EX_TEMPFAIL: systemd tries again
                self.assertIn("disk is full", said)
                self.assertNotIn("move", said)
                self.south.start()
            self.assert_exactly_once([token])


class Watermark(DiskCase):
    """Before the disk is full, mail is told 452."""

    min_free_disk = 12 * MIB

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")
        cls.state = cls.small(cls.south, "state", 32 * MIB)
        cls.mail = cls.small(cls.south, "mail", 32 * MIB)

    def until_refused(self, disk):
        disk.fill(8 * MIB)
        poll(lambda: self.send(f"watermark-{id(disk)}") == "452 4.3.1", "mail is told 452")
        self.north.submit("joe", "suzie@south.example",
                          message("joe@north.example", "suzie@south.example", f"later-{id(disk)}"))
        poll(lambda: "4.3.1" in self.north.queue(), "it waits at north")
        self.assertGreater(disk.free, 4 * MIB)
        disk.make_room()
        self.assert_results(self.south.await_mail("suzie", f"later-{id(disk)}\n"), "mx.south.example", "cas=pass")

    def test_of_the_queue(self):
        self.until_refused(self.state)

    def test_of_the_mailboxes(self):
        self.until_refused(self.mail)


class Delivering(DiskCase):
    """The disk of the mailboxes."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example")
        cls.mail = cls.small(cls.south, "mail", 8 * MIB)

    def test_mail_waits_until_there_is_room(self):
        self.mail.fill()
        tokens = [f"wait-{n}" for n in range(6)]
        for n, token in enumerate(tokens):
            self.assertEqual(self.send(token, 1000 if n else 3 * MIB), "250 2.0.0")
        poll(lambda: self.south.queue().count("No space left") == len(tokens), "the queue says why they wait")
        self.mail.make_room()
        self.assert_exactly_once(tokens)
        self.assertFalse(list((self.south.maildir("suzie") / "tmp").iterdir()))


class Recording(DiskCase):
    """It was delivered, and that cannot be written down."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")
        cls.state = cls.small(cls.north, "state", 16 * MIB)

    def tearDown(self):
        self.state.make_room()

    def deliver_unrecorded(self, name):
        """Messages that south has and north cannot take off its queue. South is asleep until the disk is full, so no
        attempt ends before: an outcome that waits to be recorded would hold up the rest."""
        tokens = [f"{name}-{n}" for n in range(5)]
        self.south.process.send_signal(signal.SIGSTOP)
        try:
            for token in tokens:
                poll(lambda: self.submits(token), "north takes mail: it looks at the disk now and then")
            with self.log_held(self.north):
                self.state.fill()
                before = self.north.tail(1 << 30).count(" unrecorded ")
                self.south.process.send_signal(signal.SIGCONT)
                poll(lambda: any(self.south.find("suzie", f"Subject: {token}\n") for token in tokens), "south has one")
                poll(lambda: self.north.tail(1 << 30).count(" unrecorded ") > before, "an outcome cannot be recorded")
        finally:
            self.south.process.send_signal(signal.SIGCONT)
        return tokens

    def submits(self, token):
        try:
            self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", token))
        except smtplib.SMTPSenderRefused as refused:
            self.assertEqual((refused.smtp_code, refused.smtp_error[:5]), (452, b"4.3.1"))
            return False
        return True

    def test_it_is_recorded_when_there_is_room(self):
        tokens = self.deliver_unrecorded("record")
        self.state.make_room()
        self.north.await_empty_queue()
        self.assert_exactly_once(tokens)

    def test_after_a_crash_the_ledger_of_the_other_side_knows(self):
        tokens = self.deliver_unrecorded("crash")
        self.north.kill()
        self.state.make_room()
        self.north.start()
        self.north.await_empty_queue()
        self.assert_exactly_once(tokens)

    def test_after_a_crash_a_mailbox_knows_by_the_name_of_the_file(self):
        mailboxes = SmallDisk(self.north.directory / "mail", MIB)
        self.world.disks.append(mailboxes)
        mailboxes.fill()
        joe = "joe@north.example"
        with self.north.login("joe") as client:
            client.sendmail(joe, [joe], message(joe, joe, "crash-local"))
        poll(lambda: "No space left" in self.north.queue(), "it waits")
        with self.log_held(self.north):
            self.state.fill()
            before = self.north.tail(1 << 30).count(" unrecorded ")
            mailboxes.make_room()
            poll(lambda: self.north.find("joe", "crash-local"), "it is in the mailbox")
            poll(lambda: self.north.tail(1 << 30).count(" unrecorded ") > before, "which cannot be recorded")
        self.north.kill()
        self.state.make_room()
        self.north.start()
        self.north.await_empty_queue()
        self.assertEqual(len(self.north.find("joe", "crash-local")), 1)


class Walk(DiskCase):
    """Disks fill and empty and servers are killed at random while mail flows."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")
        cls.disks = [cls.small(cls.north, "state", 24 * MIB), cls.small(cls.south, "state", 24 * MIB),
                     cls.small(cls.south, "mail", 24 * MIB * TORTURE)]  # room for what is delivered

    def start(self, server):
        server.start(wait=False)
        try:
            server.wait_ready()
        except AssertionError:
            if server.alive:
                raise
            self.assertEqual(server.process.returncode, 75, server.tail())
            for disk in self.disks:
                disk.make_room()
            server.start()

    def until_more(self, submitters, count):
        tried = lambda: sum(len(s.accepted) + len(s.unknown) + len(s.refused) for s in submitters)
        before = tried()
        poll(lambda: tried() >= before + count, "mail is handed in, or refused")

    def test_everything_acknowledged_is_there_once(self):
        die = dice("disks")
        over = threading.Event()
        submitters = [Submitter(self.north, f"walk-{n}", die.random(), over) for n in range(2)]
        for submitter in submitters:
            submitter.start()
        try:
            for _ in range(8 * TORTURE):
                self.until_more(submitters, die.randint(1, 3))
                disk, server = die.choice(self.disks), die.choice([self.north, self.south, None, None])
                disk.fill(die.choice([0, 0, 5000, 100000, 9 * MIB]))
                self.until_more(submitters, die.randint(1, 4))
                if server:
                    server.kill()
                    if die.random() < 0.5:
                        disk.make_room()
                    self.start(server)
                disk.make_room()
        finally:
            over.set()
            for submitter in submitters:
                submitter.join()
        for server in (self.north, self.south):
            server.await_empty_queue(bound=180)
        copies = copies_in(self.south, confirmed=True)
        faults, accepted, _, refused = judge(copies, submitters)
        self.assertEqual(faults + doubled(copies), [])
        self.assertTrue(accepted)
        print(f"{len(accepted)} accepted, {len(refused)} refused", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
