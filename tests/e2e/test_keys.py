# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas keys`: a key is made, published, put into use, replaced and removed, and the server signs with it meanwhile (CAS
§6.3, RFC 6376 §3.6). Where dkimpy is installed it verifies what is delivered."""

import fcntl
import json
import os
import re
import signal
import subprocess
import time
import unittest

from .dnsserver import DROP, SERVFAIL, query
from .harness import BOUND, CAS, WorldCase, message, poll, record_in, txt

try:
    import dkim
except ImportError:
    dkim = None

OK, NO, USAGE, TRY_AGAIN, CONFIG = 0, 1, 64, 75, 78
DAY = 24 * 3600


class KeysCase(WorldCase):
    def run_keys(self, *arguments, server=None):
        server = server or self.north
        return subprocess.run([CAS, "keys", *map(str, arguments), "--config", server.config], capture_output=True,
                              text=True, timeout=BOUND)

    def keys(self, *arguments, status=OK, server=None):
        """What the command prints; its words to people are in self.said."""
        done = self.run_keys(*arguments, server=server)
        self.said = done.stderr
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotRegex(done.stderr, "Sanitizer|runtime error")
        return done.stdout

    def reload(self):
        """The running server takes what is there now."""
        before = self.north.tail(100000).count(" reloaded")
        self.north.process.send_signal(signal.SIGHUP)
        poll(lambda: self.north.tail(100000).count(" reloaded") > before, "the server has reloaded")

    def folder(self, server=None, domain=None):
        server = server or self.north
        return server.directory / "state/keys" / (domain or server.domain)

    def files(self, server=None):
        return sorted(path.name for path in self.folder(server).iterdir())

    def listed(self, *arguments, server=None, status=OK):
        return {row["selector"]: row for row in json.loads(self.keys("list", "--json", *arguments, server=server,
                                                                     status=status))["keys"]}

    def states(self, **where):
        return {selector: row["state"] for selector, row in self.listed(**where).items()}

    @property
    def resolver(self):
        return ["--resolver", f"{self.world.dns.address}:{self.world.dns.port}"]

    def publish(self, printed):
        """The lines as they were printed: a name server reads them."""
        self.world.publish("$TTL 5\n" + printed)

    def selectors(self, printed):
        """Of the records: {"rsa": selector, "ed25519": selector}."""
        return {re.search(r"k=(\w+)", line)[1]: line.split(".")[0] for line in printed.splitlines()}


class Life(KeysCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False)
        cls.south = world.server("south.example")

    def signatures(self, token):
        """The selectors that signed a message from Joe to Suzie; each signature verifies."""
        self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", token))
        mail = self.south.await_mail("suzie", token)
        fields = [re.sub(r"\s", "", str(value)) for value in mail.get_all("DKIM-Signature", [])]
        for field in fields:
            self.assertIn("d=north.example;", field)
        self.mail = mail.raw
        self.verify(len(fields))
        return sorted(re.search(r"\bs=([^;]+)", field)[1] for field in fields)

    def verify(self, count):
        """The last message: `count` signatures, which another program verifies with what the DNS has."""
        if dkim is None:
            return

        def ask(name, timeout=5):
            name = name.decode() if isinstance(name, bytes) else name
            answer = query(self.world.dns, name, "TXT").answer
            return b"".join(answer[0][0].strings) if answer else None

        verifier = dkim.DKIM(self.mail.replace(b"\n", b"\r\n"))
        for index in range(count):
            self.assertTrue(verifier.verify(idx=index, dnsfunc=ask), f"signature {index}:\n{self.mail.decode()}")

    def refuse_to_rotate(self, status, *words):
        before = self.files()
        self.assertEqual(self.keys("rotate", "north.example", *self.resolver, status=status), "")
        self.assertEqual(self.files(), before)
        for word in words + ("Nothing was changed",):
            self.assertIn(word, self.said)

    def log_of_signing(self):
        log = re.split(r" (?:keys-)?reloaded", self.north.log.read_text())[-2]  # of the last time
        return sorted(re.findall(r"signing domain=north\.example selector=(\S+)", log))

    def test_made_published_used_replaced_and_removed(self):
        self.assertEqual(self.signatures("without-keys"), [])
        self.assertIn("unsigned domain=north.example", self.north.log.read_text())

        # Made: nothing signs with them.
        printed = self.keys("generate", "north.example")
        self.assertIn("cas keys rotate north.example", self.said)
        first = self.selectors(printed)
        self.assertEqual(set(first), {"rsa", "ed25519"})
        rsa, ed = (f"{first[kind]}._domainkey.north.example" for kind in ("rsa", "ed25519"))
        self.assertEqual(self.files(), sorted(f"{selector}.next.pem" for selector in first.values()))
        for file in self.folder().iterdir():
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.keys("generate", "north.example"), printed, "made once, shown again")
        self.reload()
        self.assertEqual(self.signatures("keys-that-wait"), [])

        # Not before the DNS has them.
        self.refuse_to_rotate(NO, f"{rsa}: missing", f"{ed}: missing", "found:    nothing", "expected: v=DKIM1; h=sha256; k=rsa;")
        lines = {line.split(". IN")[0]: line for line in printed.splitlines()}
        self.publish(lines[rsa])
        self.refuse_to_rotate(NO, f"{rsa}: published", f"{ed}: missing")
        right = record_in(lines[ed])
        wrong = right.replace(right[-10:], "AAAAAAAAA=")
        for records, words in (([wrong], "different"), ([right, "v=spf1 -all"], "several"), (["v=DKIM1; p="], "revoked"),
                               ([right.replace("p=", "t=y; p=")], "unusable")):
            self.world.publish("\n".join(f"{ed}. 5 IN TXT {txt(record)}" for record in records))
            self.refuse_to_rotate(NO, f"{ed}: {words}", f"found:    {records[0]}", f"expected: {right}")
        self.publish(printed)
        for mode in (SERVFAIL, DROP):
            self.world.dns.set_mode(ed, mode)
            self.refuse_to_rotate(TRY_AGAIN, f"{rsa}: published", f"{ed}: unknown", "Try again later")
            self.assertNotIn("found:", self.said)
        self.world.dns.heal()

        # In use.
        self.keys("rotate", "north.example", *self.resolver)
        self.assertIn("SIGHUP", self.said)
        self.assertEqual(self.files(), sorted(f"{selector}.pem" for selector in first.values()))
        self.reload()
        poll(lambda: self.log_of_signing() == sorted(first.values()), "the log names the keys in use")
        self.assertEqual(self.signatures("first-keys"), sorted(first.values()))
        self.assert_results(self.south.await_mail("suzie", "first-keys"), "mx.south.example", "cas=pass")
        signed_by_first = self.mail

        # Replaced, asked as the configuration says.
        printed = self.keys("rotate", "north.example")
        second = self.selectors(printed)
        self.assertEqual(set(first.values()) & set(second.values()), set())
        self.assertEqual(self.states(), {**{s: "active" for s in first.values()}, **{s: "next" for s in second.values()}})
        self.publish(printed)
        said = self.keys("rotate", "north.example")
        for selector in [*first.values(), *second.values()]:
            self.assertIn(selector, said)
        self.assertEqual(self.states(), {**{s: "old" for s in first.values()}, **{s: "active" for s in second.values()}})
        self.reload()
        poll(lambda: self.log_of_signing() == sorted(second.values()), "the log names the keys in use")
        self.assertEqual(self.signatures("second-keys"), sorted(second.values()))
        self.mail = signed_by_first
        self.verify(2)

        # Removed when their time is over.
        self.assertEqual(self.keys("retire", "north.example"), "")
        for selector in first.values():
            self.assertIn(f"{selector} stays", self.said)
        early, late = first["rsa"], first["ed25519"]
        now = time.time()
        os.utime(self.folder() / f"{early}.old.pem", (now, now - 7 * DAY - 60))
        os.utime(self.folder() / f"{late}.old.pem", (now, now - 7 * DAY + 3600))
        self.assertEqual(self.keys("retire", "north.example"), f"{early}._domainkey.north.example. IN TXT\n")
        self.assertEqual(self.states(), {late: "old", **{s: "active" for s in second.values()}})
        os.utime(self.folder() / f"{late}.old.pem", (now, now - 8 * DAY))
        self.assertEqual(self.keys("retire", "north.example"), f"{late}._domainkey.north.example. IN TXT\n")
        for selector in first.values():
            self.world.dns.remove(f"{selector}._domainkey.north.example.", "TXT")
        rows = self.listed("--check")
        self.assertEqual({row["dns"]["state"] for row in rows.values()}, {"published"})
        self.assertEqual(set(rows), set(second.values()))
        self.keys("retire", "north.example")
        self.assertIn("nothing to remove", self.said)


class Commands(KeysCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example")  # its key is named by the configuration
        cls.servers = 0

    def setUp(self):
        """A domain of its own for each test; its server does not run."""
        type(self).servers += 1
        self.domain = f"d{self.servers}.example"
        self.north = self.world.server(self.domain, users=["joe"], signing=False)
        self.north.write_config()

    def in_use(self):
        """Keys of both types, published and active."""
        printed = self.keys("generate", self.domain)
        self.publish(printed)
        self.keys("rotate", self.domain)
        return self.selectors(printed)

    def pem(self, kind="ed25519"):
        file = self.world.directory / f"{self.domain}.{kind}.pem"
        if not file.exists():
            subprocess.run([CAS, "keys", "generate", "--type", kind, "--out", file], check=True, capture_output=True,
                           timeout=BOUND)
        return file.read_bytes()

    def test_one_type_alone(self):
        printed = self.keys("generate", self.domain, "--type", "ed25519")
        self.assertEqual(list(self.selectors(printed)), ["ed25519"])
        self.publish(printed)
        self.keys("rotate", self.domain)
        self.assertEqual(list(self.selectors(self.keys("rotate", self.domain))), ["ed25519"])

    def test_selectors_say_the_day_and_are_never_used_twice(self):
        day = time.strftime("%Y%m%d", time.gmtime())
        first = self.in_use()
        if day == time.strftime("%Y%m%d", time.gmtime()):
            self.assertEqual(first, {"rsa": f"cas{day}r", "ed25519": f"cas{day}e"})
        self.publish(self.keys("rotate", self.domain))
        self.keys("rotate", self.domain)
        self.keys("retire", self.domain, "--now")
        third = self.selectors(self.keys("generate", self.domain))
        self.assertFalse(set(first.values()) & set(third.values()), third)

    def test_leaked_key_is_revoked_at_once(self):
        first = self.in_use()
        self.assertEqual(self.keys("retire", self.domain, "--now", status=NO), "")
        self.assertIn(f"cas keys rotate {self.domain}", self.said)
        self.publish(self.keys("rotate", self.domain))
        self.keys("rotate", self.domain)
        printed = self.keys("retire", self.domain, "--now")
        self.assertEqual(sorted(printed.splitlines()),
                         sorted(f'{s}._domainkey.{self.domain}. IN TXT "v=DKIM1; p="' for s in first.values()))
        self.assertIn("revoked", self.said)
        self.assertFalse([name for name in self.files() if "old" in name])
        self.publish(printed)

    def test_rotation_that_was_cut_short_is_ended_without_the_dns(self):
        first = self.in_use()
        second = self.selectors(self.keys("rotate", self.domain))
        for selector in second.values():  # the next are active, and the power went
            (self.folder() / f"{selector}.next.pem").rename(self.folder() / f"{selector}.pem")
        self.keys("rotate", self.domain, "--resolver", "127.0.0.1:1")
        self.assertIn("cut short", self.said)
        self.assertEqual(self.states(), {**{s: "old" for s in first.values()}, **{s: "active" for s in second.values()}})

    def test_second_command_at_once_is_told_to_try_again(self):
        self.in_use()
        before = self.files()
        folder = os.open(self.folder(), os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            for command in (["generate"], ["rotate"], ["retire", "--now"]):
                self.keys(command[0], self.domain, *command[1:], status=TRY_AGAIN)
                self.assertIn("another command is at work", self.said)
            self.listed()
        finally:
            os.close(folder)
        self.assertEqual(self.files(), before)

    def test_what_cannot_be_read_is_named_and_nothing_is_changed(self):
        self.in_use()
        (self.folder() / "s1.pem").write_text("no key")
        (self.folder() / "s2.nxt.pem").write_bytes(self.pem())
        before = self.files()
        for command in (["generate"], ["rotate"], ["retire"]):
            self.keys(command[0], self.domain, *command[1:], status=CONFIG)
            self.assertIn('s1.pem" cannot be used', self.said)
            self.assertIn('s2.nxt.pem" is no name of a signing key', self.said)
        self.assertEqual(self.files(), before)
        self.assertEqual(len(self.listed(self.domain, status=CONFIG)), 2, "the good ones are listed")
        self.north.start(wait=False)
        self.assertEqual(self.north.process.wait(BOUND), CONFIG, self.north.tail())
        self.north.process = None
        for words in ('keys_dir: "', 's1.pem" cannot be used', "put a PEM file", "s2.nxt.pem"):
            self.assertIn(words, self.north.tail())

    def test_keys_of_the_configuration_are_listed_as_configured(self):
        row = self.listed("--check", server=self.south)["cas1"]
        self.assertEqual((row["domain"], row["type"], row["state"], row["dns"]["state"]),
                         ("south.example", "ed25519", "configured", "published"))
        self.assertTrue(row["record"].startswith("v=DKIM1; h=sha256; k=ed25519; p="))
        printed = self.keys("generate", "south.example", server=self.south)
        self.assertIn("[domain.signing] is removed", self.said)
        self.assertEqual(sorted(self.states(server=self.south).values()), ["configured", "next", "next"])
        self.assertNotIn("cas1.", printed)

    def test_list_of_one_domain_and_of_all(self):
        chosen = self.in_use()
        self.keys("generate", "elsewhere.example")
        self.assertIn("elsewhere.example is no domain of", self.said)
        lines = self.keys("list").splitlines()
        self.assertEqual(lines[0].split(), ["DOMAIN", "SELECTOR", "TYPE", "STATE", "CREATED", "RECORD"])
        self.assertEqual(len(lines), 5)
        self.assertEqual(set(self.listed(self.domain)), set(chosen.values()))
        self.assertEqual(self.listed("none.example"), {})

    def test_list_says_what_the_dns_has(self):
        chosen = self.in_use()
        self.assertIn("published", self.keys("list", "--check"))
        name = f"{chosen['rsa']}._domainkey.{self.domain}"
        self.world.dns.set_mode(name, SERVFAIL)
        self.assertEqual(self.listed("--check", status=TRY_AGAIN)[chosen["rsa"]]["dns"]["state"], "unknown")
        self.world.dns.heal()
        self.world.dns.remove(name + ".", "TXT")
        self.assertIn("missing: ", self.keys("list", "--check", *self.resolver, status=NO))
        self.assertNotIn("dns", self.listed()[chosen["rsa"]])

    def test_what_makes_no_sense_is_refused(self):
        for words, *arguments in (("no domain name", "generate", "a..b"), ("name a DOMAIN", "generate"),
                                  ("--type", "generate", self.domain, "--type", "dsa"), ("DOMAIN", "rotate"),
                                  ("excludes", "generate", self.domain, "--out", "x.pem"), ("--check", "list", *self.resolver),
                                  ("takes one key", "generate", "--out", "x.pem"),
                                  ("--out", "generate", "--type", "rsa", "--selector", "s", "--domain", "d.example")):
            self.assertEqual(self.keys(*arguments, status=USAGE), "")
            self.assertIn(words, self.said)
        self.keys("retire", "misspelt.example", status=NO)
        self.assertFalse(self.folder(domain="misspelt.example").exists())
        self.keys("generate", self.domain, "--type", "ed25519")
        self.keys("rotate", self.domain, "--resolver", "nonsense", status=USAGE)
        self.assertIn("127.0.0.1:5353", self.said)

    def test_old_form_writes_one_file(self):
        file = self.world.directory / f"{self.domain}.alone.pem"
        printed = self.keys("generate", "--type", "ed25519", "--out", file, "--selector", "s1", "--domain", "x.example")
        self.assertTrue(printed.startswith('s1._domainkey.x.example. IN TXT "v=DKIM1; k=ed25519; p='), printed)
        self.assertFalse(self.folder().exists())


if __name__ == "__main__":
    unittest.main()
