# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Which mailboxes exist: a list, a file, folders; aliases, subaddresses, catch-alls; several domains of one server."""

import os
import signal
import unittest

from .harness import WorldCase, message, poll
from .peer import connect

STRANGER = "joe@elsewhere.example"

ALIASES = """\
# who is here
suzie
bob                       # a comment
ann: ann, suzie           # a mailbox and a copy
Sales: suzie, bob
all: sales, ann, bob      # bob once
chain-1: chain-2
chain-2: "odd name"
"odd name"
postmaster: suzie
"""


class Recipients(WorldCase):
    @classmethod
    def build(cls, world):
        cls.server = world.server("list.example", mailboxes=["Suzie", "dash-ed"])
        cls.server.domains[0]["more"] = dict(postmaster="suzie")
        cls.aliases = world.directory / "aliases"
        cls.aliases.write_text(ALIASES)
        cls.shared = world.directory / "virtual"
        cls.shared.write_text("joe@one.example joe@one.example\n@one.example joe@one.example\n"
                              "ann@two.example joe@one.example, kim\nkim@two.example kim@two.example\nloop bob@three.example\n")
        cls.server.add_domain("file.example", None, recipients="file", recipients_file=cls.aliases)
        for name in ("one.example", "two.example"):
            cls.server.add_domain(name, None, recipients="file", recipients_file=cls.shared)
        cls.server.add_domain("maildir.example", None, recipients="maildir", catch_all="suzie@list.example")
        cls.server.add_domain("strict.example", ["joe"], mode="required", recipients="list", subaddress="")
        cls.shared.write_text(cls.shared.read_text().replace("loop bob@three.example\n", ""))
        folder = cls.server.directory / "mail" / "maildir.example"
        (folder / "joe").mkdir(parents=True)
        (folder / "a file").write_text("no folder")

    def rcpt(self, *recipients, sender=STRANGER):
        """The replies to RCPT, without a message."""
        with connect(self.server) as peer:
            peer.cmd(f"MAIL FROM:<{sender}>")
            return [peer.cmd(f"RCPT TO:<{recipient}>") for recipient in recipients]

    def status(self, *recipients):
        return [reply.status for reply in self.rcpt(*recipients)]

    def hand_in(self, token, *recipients, parameters=""):
        with connect(self.server) as peer:
            self.assertEqual(peer.cmd(f"MAIL FROM:<{STRANGER}>").code, 250)
            for recipient in recipients:
                reply = peer.cmd(f"RCPT TO:<{recipient}>{parameters}")
                self.assertEqual(reply.code, 250, reply)
            self.assertEqual(peer.cmd("DATA").code, 354)
            reply = peer.cmd(message(STRANGER, recipients, token) + b".")
            self.assertEqual(reply.code, 250, reply)
        self.server.await_empty_queue()

    def delivered(self, token):
        """Where it is: folder -> copies."""
        found = {}
        for file in (self.server.directory / "mail").glob("*/*/new/*"):
            if token.encode() in file.read_bytes():
                place = "/".join(file.parts[-4:-2])
                found[place] = found.get(place, 0) + 1
        return found

    # ---- The sources ----

    def test_a_list_knows_names_in_any_case_and_subaddresses(self):
        self.assertEqual(self.status("suzie@list.example", "SUZIE@LIST.example", "suzie+x@list.example", "+x@list.example",
                                     "bob@list.example", "bob+x@list.example"),
                         ["250 2.1.5"] * 3 + ["550 5.1.1"] * 3)
        self.hand_in("list-sub", "Suzie+lists+more@list.example")
        self.assertEqual(self.delivered("list-sub"), {"list.example/suzie": 1})

    def test_a_domain_may_have_no_subaddresses(self):
        """Required mode: nobody without an intent learns who is there."""
        replies = self.rcpt("joe@strict.example", "joe+x@strict.example", "nobody@strict.example")
        self.assertEqual(len({reply.text for reply in replies}), 1, replies)

    def test_a_file_has_mailboxes_and_aliases(self):
        self.assertEqual(self.status("suzie@file.example", "BOB@file.example", "odd@file.example", '"odd name"@file.example'),
                         ["250 2.1.5", "250 2.1.5", "550 5.1.1", "250 2.1.5"])
        self.hand_in("file-sales", "sales@file.example")
        self.assertEqual(self.delivered("file-sales"), {"file.example/suzie": 1, "file.example/bob": 1})
        self.hand_in("file-ann", "ann@file.example")
        self.assertEqual(self.delivered("file-ann"), {"file.example/ann": 1, "file.example/suzie": 1})
        self.hand_in("file-chain", "Chain-1+x@file.example")
        self.assertEqual(self.delivered("file-chain"), {"file.example/odd%20name": 1})

    def test_whoever_is_named_by_many_names_gets_one_copy(self):
        self.hand_in("file-all", "all@file.example", "sales@file.example", "Bob@file.example", "suzie+x@file.example")
        self.assertEqual(self.delivered("file-all"),
                         {"file.example/suzie": 1, "file.example/bob": 1, "file.example/ann": 1})

    def test_one_virtual_map_serves_two_domains(self):
        self.hand_in("shared-all", "whoever@one.example")
        self.assertEqual(self.delivered("shared-all"), {"one.example/joe": 1})
        self.assertEqual(self.status("whoever@two.example"), ["550 5.1.1"])
        self.hand_in("shared-ann", "ann@two.example")
        self.assertEqual(self.delivered("shared-ann"), {"one.example/joe": 1, "two.example/kim": 1})

    def test_a_mailbox_is_there_when_its_folder_is(self):
        self.hand_in("maildir-joe", "joe+a@maildir.example")
        self.assertEqual(self.delivered("maildir-joe"), {"maildir.example/joe": 1})
        self.hand_in("maildir-other", '"../maildir.example/joe"@maildir.example')  # no path: a name like any other
        self.assertEqual(self.delivered("maildir-other"), {"list.example/suzie": 1})
        self.hand_in("maildir-file", '"a file"@maildir.example')
        self.assertEqual(self.delivered("maildir-file"), {"list.example/suzie": 1})
        (self.server.directory / "mail" / "maildir.example" / "new").mkdir()
        self.hand_in("maildir-new", "new@maildir.example")
        self.assertEqual(self.delivered("maildir-new"), {"maildir.example/new": 1})

    def test_folders_that_are_not_there_at_all_say_nothing_of_mailboxes(self):
        folder = self.server.directory / "mail" / "maildir.example"
        away = folder.with_name("away")
        folder.rename(away)
        try:
            self.assertEqual(self.status("joe@maildir.example", "suzie@list.example"), ["451 4.3.0", "250 2.1.5"])
        finally:
            away.rename(folder)
        self.assertEqual(self.status("joe@maildir.example"), ["250 2.1.5"])

    def test_postmaster_is_everywhere(self):
        self.hand_in("post-list", "postmaster@list.example")
        self.assertEqual(self.delivered("post-list"), {"list.example/suzie": 1})
        self.hand_in("post-file", "Postmaster@file.example", "suzie@file.example")
        self.assertEqual(self.delivered("post-file"), {"file.example/suzie": 1})
        self.hand_in("post-strict", "postmaster@strict.example")
        self.assertEqual(self.delivered("post-strict"), {"strict.example/postmaster": 1})

    # ---- The file changes ----

    def test_a_new_file_is_in_force_soon_and_a_broken_one_never(self):
        self.assertEqual(self.status("late@file.example"), ["550 5.1.1"])
        self.replace(ALIASES + "late: bob\n")
        poll(lambda: self.status("late@file.example") == ["250 2.1.5"], "the new alias is known")
        self.replace(ALIASES + "one: two\ntwo: one\nlate\n")
        poll(lambda: "recipients-unusable" in self.server.log.read_text(), "the broken file is told of")
        said = self.server.log.read_text()
        self.assertTrue("line 11" in said and "leads back to itself" in said)
        self.hand_in("late-alias", "late@file.example")  # as before
        self.assertEqual(self.delivered("late-alias"), {"file.example/bob": 1})
        self.assertEqual(self.status("one@file.example"), ["550 5.1.1"])
        os.kill(self.server.process.pid, signal.SIGHUP)
        poll(lambda: "reload-failed" in self.server.log.read_text(), "the reload is refused")
        self.replace(ALIASES + "one: bob\n")
        os.kill(self.server.process.pid, signal.SIGHUP)
        poll(lambda: self.status("one@file.example") == ["250 2.1.5"], "the mended file is in force")
        self.assertEqual(self.status("late@file.example"), ["550 5.1.1"])

    def replace(self, text):
        new = self.aliases.with_name("aliases.new")
        new.write_text(text)
        new.rename(self.aliases)

    def test_the_log_says_what_found_a_recipient(self):
        self.rcpt("sales+why@file.example")
        line = next(l for l in self.server.log.read_text().splitlines() if "sales+why@file.example" in l)
        self.assertIn("file:5 subaddress", line)


if __name__ == "__main__":
    unittest.main()
