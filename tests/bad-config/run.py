#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Refusals to start. Each folder NN-name holds a `change` that breaks good.toml, and what `cas` must say about it.

A change has three parts, each on lines of its own: `- text` is taken out of good.toml, `+ text` put in its place (both
may be many lines), `= command: text` says what `cas COMMAND` must print: the place, the key and the mend. `* FILE: text`
is a line of another file beside it, such as conf.d/10.toml. Every case
must end with 78 (EX_CONFIG), print nothing that looks like a crash, and leave nothing behind that listens.
"""

import getpass
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
CAS = os.environ["CAS"]
EX_CONFIG = 78


def cas(*arguments, text=None):
    return subprocess.run([CAS, *arguments], input=text, capture_output=True, text=True, timeout=60)


def made(*arguments, text=None):
    done = cas(*arguments, text=text)
    if done.returncode != 0:
        raise AssertionError(f"cas {' '.join(arguments)}: {done.stderr}")
    return done.stdout.strip()


class Change:
    def __init__(self, path):
        parts = {"-": [], "+": [], "=": [], "*": []}
        for line in path.read_text(encoding="utf-8").splitlines():
            if line[:1] in parts:
                parts[line[0]].append(line[2:])
        self.old, self.new = "\n".join(parts["-"]), "\n".join(parts["+"])
        self.wanted = [tuple(line.split(": ", 1)) for line in parts["="]]
        self.others = [tuple(line.split(": ", 1)) for line in parts["*"]]

    def apply(self, good):
        if self.old and good.count(self.old) != 1:
            raise AssertionError(f"{self.old!r} stands {good.count(self.old)} times in good.toml")
        return good.replace(self.old, self.new) if self.old else good


class BadConfig(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="cas-bad-config-")
        cls.root = pathlib.Path(cls.folder.name)
        for name in ("", "other-"):
            made("cert", "self-signed", "mx.north.example", "--cert", str(cls.root / f"{name}cert.pem"),
                 "--key", str(cls.root / f"{name}key.pem"))
        made("keys", "generate", "--type", "ed25519", "--out", str(cls.root / "dkim.pem"))
        (cls.root / "broken.pem").write_text("-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n")
        folder = cls.root / "state/keys/east.example"
        folder.mkdir(parents=True)
        for name, source in (("s1.pem", "broken.pem"), ("s2.nxt.pem", "dkim.pem")):
            (folder / name).write_bytes((cls.root / source).read_bytes())
        # Somebody else is there already.
        cls.taken = socket.create_server(("127.0.0.1", 0))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        values = {"USER": getpass.getuser(), "PASSWORD": made("password", text="a secret one\n"), "FREE": str(port), "ROOT": str(cls.root),
                  "TAKEN": str(cls.taken.getsockname()[1])}
        cls.fill = staticmethod(lambda text: re.sub(r"@(\w+)@", lambda found: values[found[1]], text))
        cls.good = (HERE / "good.toml").read_text(encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        cls.taken.close()
        cls.folder.cleanup()

    def write(self, text):
        file = self.root / "cas.toml"
        file.write_text(self.fill(text), encoding="utf-8")
        return str(file)

    def test_the_good_one_is_good(self):
        done = cas("config", "check", "--config", self.write(self.good))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def doubts(self, more, files=None):
        """What `cas config check` says of a file that it takes."""
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        file = self.write(self.good.replace("[queue]", more + "[queue]"))
        done = subprocess.run([CAS, "config", "check", "--config", file], capture_output=True, text=True, timeout=60,
                              preexec_fn=limit)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stderr

    def test_a_fallback_that_sends_all_mail_back_is_warned_of(self):
        smarthost = '[outbound]\nsmarthost = "mail.isp.example:587"\nfallback = '
        self.assertEqual(self.doubts(smarthost + '"send"\n'), "")
        said = self.doubts(smarthost + '"bounce"\n')
        self.assertRegex(said, r"warning: \S+:\d+: outbound.fallback: .*mail.isp.example:587 comes back unless that server "
                               r"speaks CAS.*write fallback = \"send\"")
        self.assertIn("after 4 hours", self.doubts(smarthost + '"hold"\n'))

    def test_the_fallback_of_a_transport_is_that_of_its_domain(self):
        transport = '[[transport]]\ndomain = "x.example"\nnext_hop = "10.0.0.25:25"\n'
        self.assertEqual(self.doubts(transport), "")
        said = self.doubts(transport + '[[destination]]\ndomain = "x.example"\nfallback = "bounce"\n')
        self.assertIn("transport[0].next_hop: all signed mail that goes to 10.0.0.25:25 comes back", said)

    def test_more_connections_than_files_are_warned_of(self):
        limits = "[limits]\nconnections = 3000\n"
        self.assertEqual(self.doubts(limits, files=4000), "")
        said = self.doubts(limits, files=1000)
        self.assertIn("limits.connections: 3000 do not fit: this process may open 1000 files, 3400 are needed", said)
        self.assertIn("LimitNOFILE=3400", said)
        self.assertIn("connections at most 600", said)

    def test_a_file_that_is_not_there(self):
        done = cas("serve", "--config", str(self.root / "none.toml"))
        self.assertEqual(done.returncode, EX_CONFIG)
        self.assertIn("none.toml", done.stderr)

    def refuse(self, change):
        file = self.write(change.apply(self.good))
        self.addCleanup(shutil.rmtree, self.root / "conf.d", ignore_errors=True)
        for name, line in change.others:
            (self.root / name).parent.mkdir(exist_ok=True)
            with open(self.root / name, "a", encoding="utf-8") as other:
                other.write(self.fill(line) + "\n")
        for command, wanted in change.wanted:
            done = cas(*command.split(), "--config", file)
            said = done.stdout + done.stderr
            self.assertEqual(done.returncode, EX_CONFIG, said)
            self.assertIn(self.fill(wanted), said)
            self.assertNotRegex(said, "Sanitizer|terminate called")
        self.assertTrue(change.wanted)


def case(path):
    return lambda self: self.refuse(Change(path / "change"))


CASES = sorted(path for path in HERE.iterdir() if re.match(r"\d\d-", path.name))
for folder in CASES:
    setattr(BadConfig, "test_" + folder.name.replace("-", "_"), case(folder))

if __name__ == "__main__":
    sys.exit(unittest.main())
