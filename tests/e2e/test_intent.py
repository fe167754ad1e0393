# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas intent make`, `verify` and `inspect`: what they make is accepted by a real server, what they say is what the
server answers, and lines of the independent signer are read as their own (CAS §4, §8)."""

import base64
import json
import re
import subprocess
import time

from .cas_py import Intent, SigningKey
from .dnsserver import SERVFAIL
from .harness import BOUND, CAS, WorldCase, message, record_in, txt
from .peer import connect, dot

OK, FAILS, USAGE, DATA, NO_INPUT, TRY_AGAIN = 0, 1, 64, 65, 66, 75
SENDER, SUZIE = "ada@west.example", "suzie@south.example"


class Commands(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])
        cls.pem, cls.record = {}, {}
        for kind in ("ed25519", "rsa"):
            cls.pem[kind] = world.directory / f"{kind}.pem"
            printed = subprocess.run([CAS, "keys", "generate", "--type", kind, "--out", cls.pem[kind]], check=True,
                                     capture_output=True, text=True).stdout
            cls.record[kind] = record_in(printed)
            world.publish(f"{kind}._domainkey.west.example. 5 IN TXT {txt(cls.record[kind])}")
        cls.key = SigningKey()
        world.publish(f"py._domainkey.west.example. 5 IN TXT {txt(cls.key.dns_record())}")
        world.publish(f"test._domainkey.west.example. 5 IN TXT {txt(cls.record['ed25519'].replace('p=', 't=y; p='))}")

    def setUp(self):
        self.token = self.id().rsplit(".", 1)[1]
        self.octets = message("Ada <ada@west.example>", SUZIE, self.token)
        self.file = self.world.directory / f"{self.token}.eml"
        self.file.write_bytes(self.octets)

    # ---- Running ----

    def run_intent(self, *arguments, stdin=None):
        return subprocess.run([CAS, "intent", *map(str, arguments)], input=stdin, capture_output=True, text=True,
                              timeout=BOUND)

    def good(self, **changes):
        options = {"key": self.pem["ed25519"], "selector": "ed25519", "domain": "west.example", "from": SENDER,
                   "to": SUZIE, "message": self.file, **{k.replace("_", "-"): v for k, v in changes.items()}}
        arguments = []
        for name, value in options.items():
            for one in value if isinstance(value, list) else [value]:
                arguments += [] if one is None else [f"--{name}"] if one is True else [f"--{name}", one]
        return arguments

    def make(self, **changes):
        done = self.run_intent("make", *self.good(**changes))
        self.assertEqual(done.returncode, OK, done.stderr)
        return done.stdout.splitlines()

    def refuse(self, status, words, **changes):
        done = self.run_intent("make", *self.good(**changes))
        self.assertEqual((done.returncode, done.stdout), (status, ""), (changes, done.stderr))
        self.assertIn(words, done.stderr)
        return done.stderr

    def verify(self, line, *arguments, status=OK, record=None):
        """The report, as JSON."""
        where = ["--key-record", record] if record else ["--resolver", f"{self.world.dns.address}@{self.world.dns.port}"]
        done = self.run_intent("verify", line, "--json", *where, *arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def failed(self, report):
        return [step["check"].split()[0] for step in report["steps"] if step["result"] == "fails"]

    def answer(self, report, to="CONFIRM"):
        return next((a["reply"] for a in report["answers"] if a["to"] == to), None)

    def deliver(self, command, octets, recipients=(SUZIE,), sender=SENDER):
        with connect(self.south) as peer:
            replies = peer.pipeline(f"MAIL FROM:<{sender}>", command, *(f"RCPT TO:<{r}>" for r in recipients), "DATA")
            self.assertEqual(replies[1].status, "250 2.7.0", replies)
            self.assertTrue(all("[CAS:confirmed]" in r.text for r in replies[2:-1]), replies)
            peer.send(dot(octets))
            return peer.reply()

    # ---- make ----

    def test_what_is_made_is_confirmed_by_a_server_with_either_key(self):
        for kind in ("ed25519", "rsa"):
            octets = message("Ada <ada@west.example>", SUZIE, f"made-{kind}")
            self.file.write_bytes(octets)
            command, = self.make(key=self.pem[kind], selector=kind, to=[SUZIE, "bob@south.example"], command=True)
            self.assertTrue(command.startswith("CONFIRM v=CAS1;i="))
            self.assertEqual(self.deliver(command, octets, [SUZIE, "bob@south.example"]).status, "250 2.0.0")
            self.assert_results(self.south.await_mail("suzie", f"made-{kind}"), "mx.south.example", "cas=pass",
                                "policy.cas=confirmed", "header.from=west.example")

    def test_null_path_list_mail_and_automatic_mail(self):
        for extra, letter, more in (("List-Id: News <News.west.example>\r\n", "b", ";l=news.west.example;"),
                                    ("Auto-Submitted: auto-replied\r\n", "a", ";k=a;")):
            octets = message("ada@west.example", SUZIE, f"class-{letter}", extra=extra)
            self.file.write_bytes(octets)
            line, = self.make(**{"from": "<>"})
            self.assertIn(";f=;", line)
            self.assertIn(f";k={letter};", line)
            self.assertIn(more, line)
            self.assertEqual(self.deliver(f"CONFIRM {line}", octets, sender="").code, 250)

    def test_lf_and_crlf_files_make_the_same_line(self):
        fixed = {"id": "AAECAwQFBgcICQoLDA0ODw", "issued": int(time.time())}
        crlf, = self.make(**fixed)
        self.file.write_bytes(self.octets.replace(b"\r\n", b"\n"))
        done = self.run_intent("make", *self.good(**fixed))
        self.assertEqual(done.stdout, crlf + "\n")
        self.assertEqual(done.stderr.count("LF line ends"), 1)
        for mixed in (self.octets + b"one more\n", self.octets.replace(b"Hello.", b"Hel\rlo."), self.octets + b"\0"):
            self.file.write_bytes(mixed)
            self.refuse(DATA, "line ", **fixed)

    def test_message_from_standard_input(self):
        fixed = {"id": "AAECAwQFBgcICQoLDA0ODw", "issued": int(time.time())}
        expected, = self.make(**fixed)
        done = subprocess.run([CAS, "intent", "make", *map(str, self.good(message="-", **fixed))], input=self.octets,
                              capture_output=True, timeout=BOUND)
        self.assertEqual(done.stdout.decode(), expected + "\n", done.stderr)

    def test_independent_signer_makes_the_same_line(self):
        pem, now = self.world.directory / "seed.pem", int(time.time())
        # RFC 8410 §7: the prefix of an Ed25519 key in PKCS#8.
        der = bytes.fromhex("302e020100300506032b657004220420") + self.key.seed
        pem.write_text("-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(der).decode() +
                       "\n-----END PRIVATE KEY-----\n")
        recipients = [SUZIE, '"a b"@south.example', "o'neil@south.example"]
        line, = self.make(key=pem, selector="py", to=recipients, issued=now, id="AAECAwQFBgcICQoLDA0ODw")
        plain = [r.replace('"', "") for r in recipients]
        intent = Intent(domain="west.example", selector="py", sender=SENDER, recipients=plain, author=SENDER,
                        id="AAECAwQFBgcICQoLDA0ODw", issued=now)
        self.assertEqual(line, intent.line(self.key, self.octets))

    def test_more_recipients_than_a_line_holds(self):
        recipients = [f"user{n:03}@south.example" for n in range(150)]
        done = self.run_intent("make", *self.good(to=recipients, json=True))
        intents = json.loads(done.stdout)["intents"]
        self.assertEqual(sorted(r for i in intents for r in i["recipients"]), recipients)
        self.assertEqual([len(i["recipients"]) for i in intents], [100, 50])
        self.assertEqual(len({re.search(";i=([^;]*);", i["line"])[1] for i in intents}), 1)
        both = self.run_intent("inspect", "-", stdin="".join(i["line"] + "\n" for i in intents))
        self.assertEqual(both.returncode, OK, both.stdout)
        self.assertIn("100 recipients", both.stdout)

    def test_identifiers_are_drawn_anew(self):
        self.assertNotEqual(self.make()[0].split(";")[1], self.make()[0].split(";")[1])

    def test_forwarded_and_preflight(self):
        line, = self.make(domain="forwarder.example", forwarded=True)
        self.assertIn(";w=fwd;", line)
        line, = self.make(message=None, preflight=True, author=SENDER)
        self.assertIn(";m=-;", line)
        self.assertEqual(self.failed(self.verify(line, status=FAILS)), ["length"])

    def test_every_option_that_makes_no_sense_is_refused_with_what_would(self):
        for status, words, changes in (
                (USAGE, "is a public suffix", {"domain": "example"}), (USAGE, "--domain: a label is empty", {"domain": "a..b"}),
                (USAGE, "in upper case; write \"s1\"", {"selector": "S1"}), (USAGE, "--from: \"ada\" is no mailbox", {"from": "ada"}),
                (USAGE, "address literal", {"to": "suzie@[192.0.2.1]"}), (USAGE, "address literal", {"from": "ada@[192.0.2.1]"}),
                (USAGE, "two domains", {"to": [SUZIE, "x@north.example"]}), (USAGE, "--class", {"class": "x"}),
                (USAGE, "goes with class b", {"list_id": "x.example"}), (USAGE, "--list-id: is needed", {"class": "b"}),
                (USAGE, "22 characters", {"id": "short"}), (USAGE, "unused bits", {"id": "AAECAwQFBgcICQoLDA0ODx"}),
                (USAGE, "no digit", {"issued": "yesterday"}), (USAGE, "is no duration", {"lifetime": "4 hours"}),
                (USAGE, "at most 24h", {"lifetime": "25h"}), (USAGE, "--message: is needed", {"message": None}),
                (USAGE, "--author: is needed", {"message": None, "preflight": True}),
                (NO_INPUT, "No such file", {"key": "/nonexistent/key"}), (NO_INPUT, "No such file", {"message": "/nonexistent/m"}),
                (DATA, "cannot be used", {"key": self.file}), (DATA, "not at or below", {"domain": "evil.example"}),
                (DATA, "--author says", {"author": "bob@west.example"}), (DATA, "shows itself as personal", {"class": "a"}),
                (DATA, "shows itself as personal", {"class": "b", "list_id": "x.example"})):
            self.refuse(status, words, **changes)
        self.assertEqual(self.run_intent("make", "--selector", "s1").returncode, USAGE)

    def test_messages_that_no_receiver_confirms_are_refused(self):
        for words, octets in (("2 From fields", b"From: ceo@bank.example\r\n" + self.octets),
                              ("no From field", self.octets.replace(b"From:", b"X-From:")),
                              ("2 mailboxes in From", message("a@west.example, b@west.example", SUZIE)),
                              ("no Date field", self.octets.replace(b"Date:", b"X-Date:")),
                              ("2 Message-ID fields", b"Message-ID: <2@a>\r\n" + self.octets),
                              ("554 5.6.0", b"this is no header\r\n" + self.octets)):
            self.file.write_bytes(octets)
            self.assertIn("message", self.refuse(DATA, words))

    # ---- verify ----

    def test_what_is_made_verifies(self):
        line, = self.make()
        envelope = ["--message", self.file, "--mail-from", SENDER, "--rcpt", SUZIE]
        for record in (None, self.record["ed25519"]):
            report = self.verify(line, *envelope, record=record)
            self.assertTrue(report["holds"])
            self.assertEqual(self.answer(report), "250 2.7.0 [CAS:ok] intent accepted")
            self.assertIn("[CAS:confirmed]", self.answer(report, f"RCPT TO:<{SUZIE}>"))
        done = self.run_intent("verify", "-", "--key-record", self.record["ed25519"], stdin=f"CONFIRM {line}\r\n")
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^9 +recipients +not checked +say --rcpt$")

    def test_verify_says_what_the_server_answers(self):
        """The same line, shown to `verify` and to a server: one reply."""
        now = int(time.time())
        good, = self.make()
        late, = self.make(issued=now - 20000)
        early, = self.make(issued=now + 1000)
        cases = [(good.replace(";r=suzie;", ";r=bob;"), SENDER), (good.replace(";k=p;", ";k=t;"), SENDER), (good + ";", SENDER),
                 (good.replace("d=west", "d=East"), SENDER), (good, "other@west.example"), (good, ""), (late, SENDER),
                 (early, SENDER), (good.replace("v=CAS1", "v=CAS2"), SENDER), (good.replace("s=ed25519", "s=none"), SENDER),
                 (good.replace("ed25519-sha256", "ed448-shake256"), SENDER), (good.replace("d=west.example", "d=evil.example"), SENDER)]
        taken = [(line, SENDER) for options in ({}, {"selector": "test"}, {"forwarded": True}) for line in self.make(**options)]
        for line, sender in cases + taken:
            status = OK if (line, sender) in taken else FAILS
            report = self.verify(line, "--mail-from", sender or "<>", status=status)
            with connect(self.south) as peer:
                self.assertEqual(peer.cmd(f"MAIL FROM:<{sender}>").code, 250)
                self.assertEqual(peer.cmd(f"CONFIRM {line}").text, self.answer(report), line)

    def test_altered_messages_fail_where_they_should(self):
        line, = self.make()
        for octets, step, word in ((self.octets.replace(b"Hello.", b"Pay me."), ["digest"], "[CAS:digest]"),
                                   (self.octets.replace(b"<ada@", b"<eve@"), ["author"], "[CAS:from]"),
                                   (b"From: ceo@bank.example\r\n" + self.octets, ["author"], "[CAS:from]"),
                                   (self.octets.replace(b"Subject:", b"List-Id: <x.example>\r\nSubject:"), ["digest"], "[CAS:digest]")):
            self.file.write_bytes(octets)
            report = self.verify(line, "--message", self.file, status=FAILS)
            self.assertEqual(self.failed(report), step)
            self.assertIn(word, self.answer(report, "the message"))
        self.file.write_bytes(b"Received: from a by b\r\n" + self.octets.replace(b"Hello.\r\n", b"Hello. \r\n\r\n"))
        self.verify(line, "--message", self.file)

    def test_recipient_that_is_not_listed(self):
        line, = self.make()
        report = self.verify(line, "--rcpt", SUZIE, "--rcpt", "bob@south.example", status=FAILS)
        self.assertIn("550 5.7.1 [CAS:rcpt]", self.answer(report, "RCPT TO:<bob@south.example>"))

    def test_dns_that_fails_is_to_be_tried_again(self):
        line, = self.make(selector="ill")
        self.world.publish(f"ill._domainkey.west.example. 5 IN TXT {txt(self.record['ed25519'])}")
        self.world.dns.set_mode("ill._domainkey.west.example", SERVFAIL)
        report = self.verify(line, status=TRY_AGAIN)
        self.assertIn("451 4.7.5 [CAS:key-lookup]", self.answer(report))
        self.assertEqual(self.failed(self.verify(line, "--mail-from", "<>", status=FAILS)), ["envelope", "key"])

    def test_key_as_the_configuration_asks_for_it(self):
        line, = self.make()
        done = self.run_intent("verify", line, "--config", self.south.config)
        self.assertEqual(done.returncode, OK, done.stdout + done.stderr)
        done = self.run_intent("verify", line, "--config", "/nonexistent/cas.toml")
        self.assertEqual(done.returncode, 78, done.stderr)

    def test_verify_refuses_what_it_cannot_use(self):
        line, = self.make()
        record = ["--key-record", self.record["ed25519"]]
        for status, words, arguments in (
                (USAGE, "--mail-from", [*record, "--mail-from", "ada"]), (USAGE, "--rcpt", [*record, "--rcpt", "ada"]),
                (USAGE, "--now", [*record, "--now", "-5"]), (NO_INPUT, "No such file", [*record, "--message", "/nonexistent/m"]),
                (USAGE, "resolver", [*record, "--resolver", "192.0.2.53"]), (USAGE, "--resolver", ["--resolver", "nonsense"])):
            done = self.run_intent("verify", line, *arguments)
            self.assertEqual((done.returncode, done.stdout), (status, ""), (arguments, done.stderr))
            self.assertIn(words, done.stderr)
        self.assertEqual(self.run_intent("verify", "-", "--message", "-", *record, stdin="").returncode, USAGE)
        self.assertEqual(self.run_intent("verify", "-", *record, stdin="\n").returncode, DATA)

    def test_lines_of_the_independent_signer_verify_and_are_read(self):
        for changes in ({}, {"klass": "t", "lifetime": 3 * 86400}, {"author": "ada@lab.west.example"}):
            facts = {"domain": "west.example", "selector": "py", "sender": SENDER, "recipients": [SUZIE], "author": SENDER}
            intent = Intent(**{**facts, **changes})
            octets = message(intent.author, SUZIE, self.token)
            self.file.write_bytes(octets)
            line = intent.line(self.key, octets)
            self.verify(line, "--message", self.file, "--mail-from", SENDER, "--rcpt", SUZIE)
            self.assertIn(intent.author, self.run_intent("inspect", line).stdout)

    # ---- inspect ----

    def test_inspect_says_each_tag(self):
        line, = self.make(to=[SUZIE, '"a b"@south.example'])
        shown = self.run_intent("inspect", f"CONFIRM {line}")
        self.assertEqual(shown.returncode, OK)
        for words in ("west.example", "ed25519._domainkey.west.example", "now", "in 4 h", '"a b", suzie', "personal", "64 octets"):
            self.assertIn(words, shown.stdout)
        tags = json.loads(self.run_intent("inspect", line, "--json").stdout)["tags"]
        self.assertEqual([t["tag"] for t in tags], list("idsatxfqrokmb"))

    def test_inspect_says_where_and_why_a_line_is_no_intent(self):
        line, = self.make()
        for broken, words, where in ((line.replace(";r=suzie", ";r=zoe,suzie"), 'r: recipients are not in rising order: "suzie" after "zoe"', "suzie"),
                                     (line.replace(";k=p", ";k=p;k=p"), "k: k stands twice", "k=p;m"),
                                     (line + " ", "a blank is not in the base64url alphabet", " ")):
            done = self.run_intent("inspect", broken)
            self.assertEqual(done.returncode, DATA)
            self.assertIn(words, done.stdout)
            self.assertIn("501 5.5.4 [CAS:syntax]", done.stdout)
            fault = json.loads(self.run_intent("inspect", broken, "--json").stdout)
            self.assertTrue(broken[fault["octet"] - 1:].startswith(where), fault)
        hostile = self.run_intent("inspect", "v=CAS1;i=\x1b[31m\x07")
        self.assertNotRegex(hostile.stdout + hostile.stderr, r"[\x00-\x09\x0b-\x1f\x7f]")
        self.assertEqual(self.run_intent("inspect", "").returncode, DATA)
