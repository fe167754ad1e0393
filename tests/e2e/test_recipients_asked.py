# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Which mailboxes exist, where somebody has to be asked: the server behind a domain, SQLite, PostgreSQL."""

import concurrent.futures
import signal
import sqlite3
import threading
import unittest

from .harness import WorldCase, message, poll
from .peer import Sink, connect
from .postgresql import Postgresql, programs

STRANGER = "joe@elsewhere.example"


class Asking(WorldCase):
    """What the cases share; no case itself."""

    def rcpt(self, *recipients, server=None):
        with connect(server or self.server) as peer:
            peer.cmd(f"MAIL FROM:<{STRANGER}>")
            return [peer.cmd(f"RCPT TO:<{recipient}>").status for recipient in recipients]

    def hand_in(self, token, *recipients):
        with connect(self.server) as peer:
            peer.cmd(f"MAIL FROM:<{STRANGER}>")
            for recipient in recipients:
                reply = peer.cmd(f"RCPT TO:<{recipient}>")
                self.assertEqual(reply.code, 250, reply)
            self.assertEqual(peer.cmd("DATA").code, 354)
            reply = peer.cmd(message(STRANGER, recipients, token) + b".")
            self.assertEqual(reply.code, 250, reply)


class Callout(Asking):
    @classmethod
    def build(cls, world):
        cls.mailboxes = {"suzie", "bob+own"}
        cls.special = {}
        cls.address = world.new_address()
        cls.gate = threading.Event()
        cls.gate.set()
        cls.lmtp = cls.open_lmtp(world)
        cls.smtp = Sink(cls.address, world.port + 2, cls.answer)
        cls.addClassCleanup(lambda: cls.lmtp.close())
        cls.addClassCleanup(cls.smtp.close)
        ask = dict(recipients="callout", recipients_timeout="2s")
        cls.server = world.server("kept.example", mailboxes=[])
        cls.server.domains[0].update(mailboxes=None, deliver=f"lmtp:{cls.address}:{world.port + 1}", more=ask)
        cls.server.add_domain("smtp.example", None, **ask, recipients_cache="0s", recipients_cache_unknown="0s")
        cls.server.domains[1]["deliver"] = f"smtp:{cls.address}:{world.port + 2}"
        cls.server.add_domain("fresh.example", None, **ask, recipients_cache="0s", recipients_cache_unknown="0s")
        cls.server.domains[2]["deliver"] = f"lmtp:{cls.address}:{world.port + 1}"
        cls.server.add_domain("closed.example", None, mode="required", **ask)
        cls.server.domains[3]["deliver"] = f"lmtp:{cls.address}:{world.port + 1}"

    @classmethod
    def open_lmtp(cls, world):
        return Sink(cls.address, world.port + 1, cls.answer, lmtp=True)

    @classmethod
    def answer(cls, verb, argument):
        if verb != "RCPT":
            return None
        name = argument.partition("<")[2].partition("@")[0].lower()
        cls.gate.wait(20)
        return cls.special.get(name) or ("250 2.1.5 ok" if name in cls.mailboxes else "550 5.1.1 no such user")

    def asked(self, sink, name):
        return [c for c in sink.commands if c.startswith("RCPT") and f"<{name}@kept.example>" in c]

    def test_the_server_behind_says_who_is_there_and_is_asked_once(self):
        for _ in range(2):
            self.assertEqual(self.rcpt("suzie@kept.example", "SUZIE@kept.example", "nobody@kept.example"),
                             ["250 2.1.5", "250 2.1.5", "550 5.1.1"])
        self.assertEqual(len(self.asked(self.lmtp, "suzie")), 1)
        self.assertEqual(len(self.asked(self.lmtp, "nobody")), 1)
        self.assertIn("MAIL FROM:<>", self.lmtp.commands)
        self.assertNotIn("DATA", self.lmtp.commands)
        self.assertTrue('found="callout cached"' in self.server.log.read_text())

    def test_a_server_of_smtp_is_asked_and_gets_the_mail(self):
        self.hand_in("callout-smtp", "suzie+lists@smtp.example")
        poll(lambda: self.smtp.messages, "it is delivered")
        self.assertEqual(self.smtp.messages[-1][1], ["suzie@smtp.example"])  # the name that it knows
        self.assertEqual(self.rcpt("bob@smtp.example", "bob+own@smtp.example"), ["550 5.1.1", "250 2.1.5"])

    def test_only_a_word_about_the_address_is_no_such_user(self):
        self.special.update(full="552 5.2.2 full", grey="451 4.7.1 later", policy="550 5.7.1 not you", old="550 unknown user",
                            gone="550 5.1.6 moved")
        self.assertEqual(self.rcpt(*(f"{who}@fresh.example" for who in ("full", "grey", "policy", "old", "gone"))),
                         ["451 4.3.0"] * 3 + ["550 5.1.1"] * 2)

    def test_many_who_ask_for_one_name_ask_once(self):
        self.gate.clear()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(self.rcpt, "crowd@kept.example") for _ in range(8)]
            poll(lambda: self.asked(self.lmtp, "crowd"), "somebody asks")
            self.gate.set()
            self.assertEqual([one.result() for one in asking], [["550 5.1.1"]] * 8)
        self.assertEqual(len(self.asked(self.lmtp, "crowd")), 1)

    def test_nobody_is_asked_where_the_reply_says_nothing_of_mailboxes(self):
        before = len(self.lmtp.commands)
        self.assertEqual(set(self.rcpt("suzie@closed.example", "nobody@closed.example")), {"530 5.7.0"})
        self.assertEqual(len(self.lmtp.commands), before)

    def test_a_server_that_is_down_is_no_answer_and_comes_back(self):
        cls = type(self)
        cls.lmtp.close()
        for sock in list(cls.lmtp.open_sockets):
            sock.shutdown(2)
        try:
            self.assertEqual(self.rcpt("suzie@fresh.example", "nobody@fresh.example", "postmaster@fresh.example"),
                             ["451 4.3.0"] * 3)
            self.assertTrue("lookup-failed to=suzie@fresh.example" in self.server.log.read_text())
        finally:
            cls.lmtp = cls.open_lmtp(self.world)
        poll(lambda: self.rcpt("suzie@fresh.example", "nobody@fresh.example") == ["250 2.1.5", "550 5.1.1"], "it is back")

    def test_a_server_that_says_nothing_is_not_waited_for(self):
        self.gate.clear()
        try:
            self.assertEqual(self.rcpt("silent@smtp.example"), ["451 4.3.0"])
        finally:
            self.gate.set()
        self.assertTrue("no answer in time" in self.server.log.read_text())
        poll(lambda: self.rcpt("suzie@smtp.example") == ["250 2.1.5"], "it is asked again")


class Sql(Asking):
    @classmethod
    def build(cls, world):
        cls.file = world.directory / "users.db"
        cls.fill(cls.file)
        quick = dict(recipients="sql", recipients_cache="0s", recipients_cache_unknown="0s", recipients_timeout="2s")
        query = ("SELECT target FROM names WHERE name = $1 AND domain = $2 ORDER BY target")
        cls.server = world.server("lite.example", mailboxes=[])
        cls.server.domains[0].update(mailboxes=None, more=dict(
            quick, recipients_database=f"sqlite:{cls.file}", recipients_query=query))
        cls.server.add_domain("kept.example", None, recipients="sql", recipients_database=f"sqlite:{cls.file}",
                              recipients_query="SELECT target FROM names WHERE name || '@kept.example' = $1 || '@' || $2")
        cls.server.add_domain("slow.example", None, **quick, recipients_database=f"sqlite:{cls.file}", recipients_query=(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) || $1 FROM n"))
        cls.server.add_domain("other.example", ["kim"])
        if programs():
            cls.postgresql = Postgresql().start()
            cls.addClassCleanup(cls.postgresql.close)
            cls.postgresql.sql("CREATE TABLE names (name text, domain text, target text);"
                               "INSERT INTO names VALUES ('joe', 'pg.example', NULL), ('sales', 'pg.example', 'joe@pg.example'),"
                               "('sales', 'pg.example', 'kim@other.example'), ('ünder', 'pg.example', '');")
            cls.server.add_domain("pg.example", None, **quick, recipients_database=cls.postgresql.url, recipients_query=query)
            cls.server.add_domain("sleep.example", None, **quick, recipients_database=cls.postgresql.url,
                                  recipients_query="SELECT $1 || pg_sleep(30)::text")

    @staticmethod
    def fill(file, more=()):
        with sqlite3.connect(file) as database:
            database.execute("CREATE TABLE names (name TEXT, domain TEXT, target TEXT)")
            database.executemany("INSERT INTO names VALUES (?, ?, ?)", [
                ("joe", "lite.example", None), ("ann", "lite.example", "Ann@lite.example"),
                ("sales", "lite.example", "joe, kim@other.example"), ("sales", "lite.example", "ann@lite.example"),
                ("bad", "lite.example", "no address at all"), ("suzie", "kept.example", "suzie"), *more])
        database.close()

    def delivered(self, token):
        return sorted("/".join(file.parts[-4:-2]) for file in (self.server.directory / "mail").glob("*/*/new/*")
                      if token.encode() in file.read_bytes())

    def test_rows_are_mailboxes_and_targets(self):
        self.assertEqual(self.rcpt("JOE@lite.example", "ann+x@lite.example", "nobody@lite.example", "x'y@lite.example",
                                   "bad@lite.example"),
                         ["250 2.1.5", "250 2.1.5", "550 5.1.1", "550 5.1.1", "451 4.3.0"])
        self.hand_in("sql-sales", "sales@lite.example")
        self.server.await_empty_queue()
        self.assertEqual(self.delivered("sql-sales"), ["lite.example/ann", "lite.example/joe", "other.example/kim"])

    def test_answers_are_kept(self):
        self.assertEqual(self.rcpt("suzie@kept.example"), ["250 2.1.5"])
        with sqlite3.connect(self.file) as database:
            database.execute("DELETE FROM names WHERE name = 'suzie'")
        database.close()
        self.assertEqual(self.rcpt("suzie@kept.example"), ["250 2.1.5"])

    def test_a_query_without_end_is_given_up(self):
        self.assertEqual(self.rcpt("joe@slow.example"), ["451 4.3.0"])

    def test_a_file_that_is_away_is_no_answer_and_a_new_one_is_seen(self):
        away = self.file.with_name("away.db")
        self.file.rename(away)
        self.assertEqual(self.rcpt("joe@lite.example", "nobody@lite.example"), ["451 4.3.0"] * 2)
        new = self.file.with_name("new.db")
        self.fill(new, [("late", "lite.example", "joe")])
        new.rename(self.file)
        poll(lambda: self.rcpt("joe@lite.example", "late@lite.example", "nobody@lite.example") ==
             ["250 2.1.5", "250 2.1.5", "550 5.1.1"], "the new file is asked")

    @unittest.skipUnless(programs(), "PostgreSQL is not installed")
    def test_postgresql_is_asked_goes_down_and_comes_back(self):
        self.assertEqual(self.rcpt("joe@pg.example", "nobody@pg.example"), ["250 2.1.5", "550 5.1.1"])
        self.hand_in("pg-sales", "Sales@pg.example")
        self.server.await_empty_queue()
        self.assertEqual(self.delivered("pg-sales"), ["other.example/kim", "pg.example/joe"])
        self.postgresql.stop()
        try:
            self.assertEqual(self.rcpt("joe@pg.example", "nobody@pg.example"), ["451 4.3.0"] * 2)
        finally:
            self.postgresql.start()
        poll(lambda: self.rcpt("joe@pg.example", "nobody@pg.example") == ["250 2.1.5", "550 5.1.1"], "it is back")

    @unittest.skipUnless(programs(), "PostgreSQL is not installed")
    def test_postgresql_may_break_a_kept_connection(self):
        self.assertEqual(self.rcpt("joe@pg.example"), ["250 2.1.5"])
        self.postgresql.stop()
        self.postgresql.start()
        self.assertEqual(self.rcpt("joe@pg.example"), ["250 2.1.5"])

    @unittest.skipUnless(programs(), "PostgreSQL is not installed")
    def test_postgresql_that_takes_too_long_or_stands_still_is_no_answer(self):
        self.assertEqual(self.rcpt("joe@sleep.example"), ["451 4.3.0"])
        self.assertEqual(self.rcpt("joe@pg.example"), ["250 2.1.5"])
        self.postgresql.process.send_signal(signal.SIGSTOP)
        try:
            self.assertEqual(self.rcpt("late@sleep.example"), ["451 4.3.0"])
        finally:
            self.postgresql.process.send_signal(signal.SIGCONT)


del Asking  # it has no tests

if __name__ == "__main__":
    unittest.main()
