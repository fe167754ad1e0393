# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions on the running server: entered, found, removed, imported and exported, kept over kill -9, audited."""

import json
import os
import pathlib
import pty
import random
import sqlite3
import subprocess
import tempfile
import time
import unittest

from .harness import BOUND, CAS, WorldCase, poll

OK, USAGE, DATA, UNAVAILABLE = 0, 64, 65, 69


class Tools(WorldCase):
    """One server, and the commands that change its exceptions."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"])

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def cas(self, *arguments, status=OK, stdin=None):
        done = subprocess.run([CAS, *arguments, "--config", self.north.config], capture_output=True, text=True,
                              input=stdin, timeout=4 * BOUND)
        if status is not None:
            self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertNotIn("AddressSanitizer", done.stderr)
        return done.stdout + done.stderr

    def rows(self, action, *arguments):
        return json.loads(self.cas(action, "list", "--json", *arguments))["exceptions"]

    def patterns(self, action, *arguments):
        return {(row["pattern"], row["for"]) for row in self.rows(action, *arguments)}

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)


class Exceptions(Tools):
    """All exceptions are taken away before each test."""

    def setUp(self):
        super().setUp()
        for action in ("exempt", "allow", "block", "forwarder"):
            if ids := [str(row["id"]) for row in self.rows(action)]:
                self.cas(action, "remove", *ids)

    def audit(self):
        return json.loads(self.cas("audit", "--json"))["audit"]

    # ---- One by one ----

    def test_what_is_entered_is_listed_found_and_removed(self):
        out = self.cas("exempt", "add", "Partner.Example", "--reason", "our partner", "--until", "30d")
        self.assertIn("partner.example for everybody: entered: proof=dkim", out)
        self.cas("block", "add", "/^spam@/", "192.0.2.0/24", "--for", "joe@north.example")
        self.cas("allow", "add", "list:news.partner.example", "--for", "north.example", "--owner", "ops")
        row = self.rows("exempt")[0]
        self.assertEqual((row["pattern"], row["proof"], row["reason"], row["hits"]),
                         ("partner.example", "dkim", "our partner", 0))
        self.assertTrue(row["until"] > row["created"])
        self.assertEqual(self.patterns("block", "--for", "joe@north.example"),
                         {("/^spam@/", "joe@north.example"), ("192.0.2.0/24", "joe@north.example")})
        self.assertEqual(self.patterns("block", "--for", "everybody"), set())
        for what, pattern in (("joe@partner.example", "partner.example"), ("partner.example", "partner.example"),
                              ("spam@anywhere.example", "/^spam@/"), ("192.0.2.9", "192.0.2.0/24"),
                              ("list:news.partner.example", "list:news.partner.example")):
            self.assertIn(pattern, self.cas("block", "find", what), what)
        self.assertIn("No entry", self.cas("block", "find", "192.0.2.9", "--for", "other@north.example"))
        self.assertIn("removed", self.cas("exempt", "remove", "partner.example"))
        self.assertEqual(self.rows("exempt"), [])
        self.cas("exempt", "remove", "partner.example", status=DATA)
        self.cas("block", "remove", "/^spam@/", status=DATA)  # that of everybody: there is none
        self.cas("block", "remove", "/^spam@/", "--for", "joe@north.example")

    def test_no_entry_opens_the_door_to_everybody(self):
        for arguments, word in ((["exempt", "add", "partner.example", "--proof", "none"], "--unauthenticated"),
                                (["allow", "add", "joe@partner.example", "--proof", "none"], "--unauthenticated"),
                                (["exempt", "add", "com"], "anybody can register"),
                                (["exempt", "add", "."], "no pattern"),
                                (["exempt", "add", "0.0.0.0/0"], "large part"),
                                (["allow", "add", "/.*/"], "fits anybody"),
                                (["block", "add", "10.0.0.1/8"], "the network is 10.0.0.0/8"),
                                (["block", "add", "/(/"], "RE2"),
                                (["exempt", "add", "partner.example", "--for", "a b"], "--for")):
            self.assertIn(word, self.cas(*arguments, status=None), arguments)
        self.assertEqual(self.rows("exempt") + self.rows("allow") + self.rows("block"), [])

    def test_what_anybody_may_claim_is_shown_in_red(self):
        out = self.cas("exempt", "add", "partner.example", "--proof", "none", "--unauthenticated")
        self.assertIn("UNAUTHENTICATED", out)
        self.assertNotIn("\x1b", out)
        self.assertIn("UNAUTHENTICATED", self.cas("exempt", "list"))
        self.assertIn("UNAUTHENTICATED", self.cas("audit"))
        main, other = pty.openpty()
        subprocess.run([CAS, "exempt", "list", "--config", self.north.config], stdout=other, timeout=BOUND, check=True)
        os.close(other)
        shown = os.read(main, 65536).decode()
        os.close(main)
        red = [line for line in shown.splitlines() if "\x1b[31m" in line]
        self.assertEqual(len(red), 1)
        self.assertIn("partner.example", red[0])

    def test_the_same_again_changes_nothing_and_other_words_change_the_entry(self):
        self.cas("exempt", "add", "partner.example", "--reason", "one", "--owner", "me")
        first = self.rows("exempt")[0]
        self.assertIn("there already", self.cas("exempt", "add", "partner.example", "--reason", "one", "--owner", "me"))
        tried = self.cas("exempt", "add", "partner.example", "--proof", "spf", "--owner", "me", "--dry-run")
        self.assertIn("would be changed: proof=spf", tried)
        self.assertIn("it was: proof=dkim", tried)
        self.assertEqual(self.rows("exempt"), [first])
        self.cas("exempt", "add", "partner.example", "--proof", "spf", "--owner", "me")
        row = self.rows("exempt")[0]
        self.assertEqual((row["id"], row["proof"], row["created"]), (first["id"], "spf", first["created"]))

    def test_forwarders(self):
        self.cas("forwarder", "add", "lists.example", status=USAGE)
        self.cas("forwarder", "add", "lists.example", "--for", "joe@north.example")
        self.assertEqual(self.patterns("forwarder"), {("lists.example", "joe@north.example")})
        self.cas("forwarder", "remove", "lists.example", "--for", "joe@north.example")
        self.assertEqual(self.patterns("forwarder"), set())

    def test_the_audit_log_tells_each_change_and_cannot_be_changed(self):
        before = max((entry["number"] for entry in self.audit()), default=0)
        self.cas("exempt", "add", "partner.example", "--reason", "one")
        self.cas("exempt", "add", "partner.example", "--reason", "two")
        self.cas("exempt", "remove", "partner.example")
        entries = [entry for entry in self.audit() if entry["number"] > before]
        self.assertEqual([entry["action"] for entry in entries],
                         ["exception-remove", "exception-change", "exception-add"])
        self.assertIn("reason=one -> ", entries[1]["detail"])
        self.assertTrue(entries[0]["by"])
        database = sqlite3.connect(self.north.directory / "state" / "cas.db", timeout=BOUND)
        self.addCleanup(database.close)
        for statement in ("DELETE FROM audit", "UPDATE audit SET by = 'nobody'"):
            with self.assertRaisesRegex(sqlite3.Error, "not changed"):
                database.execute(statement)

    # ---- Lists ----

    def test_an_import_names_each_line_and_enters_nothing_that_is_wrong(self):
        path = self.write("bad.txt", "good.example\ncom\n# fine\n10.0.0.1/8\n")
        out = self.cas("exempt", "import", path, status=DATA)
        self.assertIn(f"{path}:2: com: anybody can register", out)
        self.assertIn(f"{path}:4: ", out)
        self.assertIn("nothing was entered", out)
        self.assertEqual(self.rows("exempt"), [])

    def test_lists_of_others(self):
        access = self.write("access", "good.example OK\nbad@evil.example REJECT go away\nmaybe.example DUNNO\n")
        out = self.cas("exempt", "import", access)
        self.assertIn(f"{access}:3: passed over", out)
        self.assertEqual(self.patterns("exempt"), {("good.example", ""), (".good.example", "")})
        self.assertEqual([(row["pattern"], row["reason"]) for row in self.rows("block")], [("bad@evil.example", "go away")])
        self.cas("allow", "import", "-", "--format", "rspamd", stdin="/@news\\.example$/i 3\n@shop.example\n")
        self.assertEqual(self.patterns("allow"), {("/@news\\.example$/", ""), ("shop.example", "")})
        self.cas("exempt", "import", "-", "--format", "postgrey", stdin="192.0.2\nmail.slow.example\n")
        self.assertIn(("192.0.2.0/24", ""), self.patterns("exempt"))

    def test_what_is_exported_is_imported_again(self):
        self.cas("exempt", "add", "partner.example", "192.0.2.0/24", "list:a.b.example", "/@x\\.example$/", ".y.example",
                 "--for", "joe@north.example", "--reason", 'said "yes", twice', "--until", "2030-01-01", "--owner", "ops")
        self.cas("exempt", "add", "open.example", "--proof", "none", "--unauthenticated", "--owner", "ops")

        def told():
            skip = ("id", "created")
            return [{k: v for k, v in row.items() if k not in skip} for row in self.rows("exempt")]
        before = told()
        for format in ("csv", "json", "plain"):
            text = self.cas("exempt", "export", "--format", format)
            path = self.write(f"list.{format}", text)
            self.assertIn("0 entered, 0 changed, 6 are there", self.cas("exempt", "import", path, "--owner", "ops"), format)
            self.cas("exempt", "remove", *[str(row["id"]) for row in self.rows("exempt")])
            self.cas("exempt", "import", path, "--owner", "ops")
            self.assertEqual(told(), before, format)

    def test_a_terminal_is_shown_how_far_an_import_is(self):
        path = self.write("list.txt", "".join(f"n{n}.example\n" for n in range(4500)))
        main, other = pty.openpty()
        subprocess.run([CAS, "block", "import", path, "--config", self.north.config], stderr=other, timeout=4 * BOUND,
                       stdout=subprocess.DEVNULL, check=True)
        os.close(other)
        shown = os.read(main, 65536).decode()
        os.close(main)
        self.assertIn("4500 of 4500", shown.split("\r")[-2] if shown.endswith("\r\n") else shown)
        self.assertIn("[##############################]", shown)

    def test_a_trial_of_an_import_says_what_would_change(self):
        self.cas("block", "add", "b.example", "--reason", "old", "--owner", "me")
        before = self.rows("block"), self.audit()
        out = self.cas("block", "import", "-", "--dry-run", "--owner", "me", stdin="a.example\nb.example # new\n")
        self.assertIn("would change b.example: proof=none owner=me reason=old -> ", out)
        self.assertIn("1 would be entered, 1 would be changed, 0 are there", out)
        self.assertEqual((self.rows("block"), self.audit()), before)

    # ---- Over the end of the process ----

    def test_what_was_told_to_be_entered_is_there_after_kill(self):
        self.cas("exempt", "add", "partner.example")
        self.cas("block", "add", "bad.example", "gone.example")
        self.cas("block", "remove", "gone.example")
        self.north.kill()
        self.north.start()
        self.assertEqual(self.patterns("exempt"), {("partner.example", "")})
        self.assertEqual(self.patterns("block"), {("bad.example", "")})
        self.assertIn("partner.example", self.cas("exempt", "find", "joe@partner.example"))

    def test_without_a_server_it_says_so(self):
        done = subprocess.run([CAS, "exempt", "list", "--socket", str(self.folder / "none")], capture_output=True,
                              text=True, timeout=BOUND)
        self.assertEqual(done.returncode, UNAVAILABLE)


class Import(Tools):
    """The server is killed in the middle of an import, again and again."""

    def test_kill_in_the_middle_of_an_import_leaves_whole_entries_and_none_twice(self):
        count = 20_000
        path = self.write("many.txt", "".join(f"n{n}.many.example # number {n}\n" for n in range(count)))
        pieces = 0
        for round in range(6):
            importer = subprocess.Popen([CAS, "block", "import", path, "--config", self.north.config],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            database = sqlite3.connect(f"file:{self.north.directory / 'state' / 'cas.db'}?mode=ro", uri=True, timeout=BOUND)
            reached = (round + 1) * count // 8
            poll(lambda: importer.poll() is not None or
                 database.execute("SELECT count(*) FROM memory WHERE kind = 'exception'").fetchone()[0] >= reached,
                 "some are entered", 4 * BOUND)
            database.close()
            time.sleep(random.random() / 50)
            self.north.kill()
            out, error = importer.communicate(timeout=4 * BOUND)
            pieces += importer.returncode != OK
            self.north.start()
            rows = self.rows("block")
            names = [row["pattern"] for row in rows]
            self.assertEqual(len(names), len(set(names)), "none is there twice")
            for row in rows:
                self.assertEqual(row["reason"], "number " + row["pattern"][1:-len(".many.example")])
            if importer.returncode != OK:
                self.assertIn("import the list again", out + error)
        self.assertGreater(pieces, 0, "the server was never killed in the middle")
        self.cas("block", "import", path)
        self.assertEqual(len(self.rows("block")), count)
        self.assertIn(f"0 entered, 0 changed, {count} are there", self.cas("block", "import", path))


if __name__ == "__main__":
    unittest.main()
