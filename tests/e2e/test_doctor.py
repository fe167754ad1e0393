# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas doctor` on a set-up that is broken in one way after the other: each is named, and what it says to do helps."""

import contextlib
import datetime
import json
import os
import shutil
import signal
import socket
import socketserver
import sqlite3
import subprocess
import threading
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .dnsserver import DROP
from .harness import BOUND, CAS, TcpServer, WorldCase, message
from .small_disk import SmallDisk, own_namespace
from .test_init import InitServer

FINE, WRONG, WARNINGS, USAGE = 0, 1, 2, 64
# What the machine of the test is like is not the business of these tests.
OF_THE_MACHINE = {"clock.free", "disk.kind", "disk.slow", "disk.lies", "disk.low", "limits.files", "limits.memory"}


def setUpModule():
    own_namespace()


def certificate(directory, name, host, days=(-1, 80), issuer="Some authority"):
    """Certificate and key; `days`: from and until, from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    built = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]))
             .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)])).public_key(key.public_key())
             .serial_number(x509.random_serial_number()).not_valid_before(now + datetime.timedelta(days=days[0]))
             .not_valid_after(now + datetime.timedelta(days=days[1]))
             .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), False).sign(key, hashes.SHA256()))
    crt, pem = directory / f"{name}.crt", directory / f"{name}.key"
    crt.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
    pem.chmod(0o600)
    return crt, pem


class Greeter:
    """Answers on port `port` with one line."""

    def __init__(self, address, port, line):
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.sendall(line)
                self.request.recv(100)

        self._server = TcpServer((address, port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Doctor(WorldCase):
    @classmethod
    def build(cls, world):
        cls.crt, cls.key = certificate(world.directory, "good", "mx.north.example")
        anchor = world.dns.sign("signed.example.")
        world.publish("signed.example. 5 IN MX 10 mx.north.example.")
        cls.anchor = world.directory / "anchor"
        cls.anchor.write_text(anchor + "\n")
        cls.north = InitServer(world, "north.example", world.new_address(), "all-in-one", "--account", "joe",
                               "--password-stdin", "--certificate", cls.crt, "--key", cls.key)
        world.servers.append(cls.north)
        cls.north.write_config()
        cls.config = cls.north.config
        cls.config.write_text(cls.config.read_text().replace('trust_anchor_file = "none"',
                                                             f'trust_anchor_file = "{cls.anchor}"'))
        world.publish(f"far.example. 5 IN MX 10 mx.far.example.\nmx.far.example. 5 IN A {world.new_address()}")
        cls.far = f"{world._net}.{world._next}"

    def setUp(self):
        if not self.north.alive:
            self.north.start()

    def doctor(self, *more, config=None, status=None, user=None):
        """The findings by id; those of one id in a list."""
        name = [] if "--signed-name" in more else ["--signed-name", "signed.example"]
        done = subprocess.run([CAS, "doctor", "--json", "--config", config or self.config, *name, *map(str, more)],
                              capture_output=True, text=True, timeout=BOUND, user=user)
        self.assertNotRegex(done.stderr, "Sanitizer|runtime error")
        self.assertIn(done.returncode, (FINE, WRONG, WARNINGS), done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["status"], done.returncode)
        verdicts = [f["verdict"] for f in report["findings"]]
        self.assertEqual(done.returncode, WRONG if "wrong" in verdicts else WARNINGS if "warning" in verdicts else FINE)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout)
        found = {}
        for finding in report["findings"]:
            found.setdefault(finding["id"], []).append(finding)
        return found

    def bad(self, found):
        return {f["id"] for list in found.values() for f in list if f["verdict"] in ("wrong", "warning")} - OF_THE_MACHINE

    def assert_only(self, found, *ids):
        """These are wrong or warnings, and nothing else is; the first of them."""
        self.assertEqual(self.bad(found), set(ids), json.dumps(found, indent=1))
        first = found[ids[0]][0] if ids else None
        if first:
            self.assertTrue(first["mend"], first)
        return first

    def mend(self, finding):
        """Does what the finding says."""
        subprocess.run(finding["mend"].split(";")[0], shell=True, check=True, capture_output=True, timeout=BOUND)

    @contextlib.contextmanager
    def changed(self, old, new):
        """The configuration, for a while; the server keeps the old one."""
        text = self.config.read_text()
        self.assertIn(old, text)
        self.config.write_text(text.replace(old, new))
        try:
            yield
        finally:
            self.config.write_text(text)

    # ---- Nothing is wrong ----

    def test_nothing_is_wrong_and_nothing_changes(self):
        before = {path: (path.stat().st_mtime_ns, path.stat().st_uid) for path in self.north.directory.rglob("*")
                  if path.is_file() and path != self.north.log}
        found = self.doctor()
        self.assert_only(found)
        after = {path: (path.stat().st_mtime_ns, path.stat().st_uid) for path in self.north.directory.rglob("*")
                 if path.is_file() and path != self.north.log}
        self.assertEqual(before.keys(), after.keys())
        for fine in ("config", "signing", "certificate", "store", "port", "server", "resolver"):
            self.assertEqual(found[fine][0]["verdict"], "fine", found[fine])
        self.assertEqual(found["outbound"][0]["verdict"], "skipped")

    def test_in_words(self):
        said = subprocess.run([CAS, "doctor", "--config", self.config, "--all", "--signed-name", "signed.example"],
                              capture_output=True, text=True, timeout=BOUND).stdout
        self.assertRegex(said, r"(?m)^fine +.*cas\.toml: can be used$")
        self.assertRegex(said, r"\d+ wrong, \d+ warnings?, \d+ fine, \d+ skipped\n$")

    def test_options_that_are_none(self):
        for flags in (["--outbound", "a b"], ["--signed-name", ".."]):
            done = subprocess.run([CAS, "doctor", "--config", self.config, *flags], capture_output=True, text=True,
                                  timeout=BOUND)
            self.assertEqual(done.returncode, USAGE, done.stderr)

    # ---- Configuration and files ----

    def test_an_unknown_key(self):
        with self.changed("postmaster =", "postmastre ="):
            finding = self.doctor(status=WRONG)["config.error"][0]
        self.assertIn("postmastre", finding["found"])
        self.assertIn("postmaster", finding["mend"])

    def test_no_configuration(self):
        found = self.doctor(config=self.world.directory / "none.toml", status=WRONG)
        self.assertIn("cannot be read", found["config.error"][0]["found"])

    def test_a_key_that_everybody_may_read(self):
        key = next((self.north.directory / "var/lib/cas/keys/north.example").glob("*e.pem"))
        key.chmod(0o644)
        finding = self.assert_only(self.doctor(status=WRONG), "files.mode")
        self.assertEqual(finding["subject"], str(key))
        self.mend(finding)
        self.assert_only(self.doctor())

    def test_a_configuration_with_passwords_that_everybody_may_read(self):
        self.config.chmod(0o644)
        try:
            self.assert_only(self.doctor(), "files.mode")
        finally:
            self.config.chmod(0o640)

    @unittest.skipIf(os.getuid() != 0, "gives files to somebody else")
    def test_a_database_of_somebody_else(self):
        with self.changed('run_as = "root"', 'run_as = "nobody"'):
            found = self.doctor(status=WRONG)
        self.assertIn("files.owner", self.bad(found))
        self.assertIn("chown -R nobody: ", found["files.owner"][0]["mend"])

    @unittest.skipIf(os.getuid() != 0, "becomes somebody else")
    def test_somebody_who_may_not_look(self):
        for folder in (self.world.directory, self.north.directory, self.north.directory / "etc/cas"):
            folder.chmod(0o755)
        self.config.chmod(0o644)
        try:
            found = self.doctor(user="nobody")
        finally:
            self.config.chmod(0o640)
        self.assertIn("files.unseen", self.bad(found))
        self.assertIn("store.unseen", self.bad(found))
        self.assertIn("as root", found["store.unseen"][0]["mend"])

    def test_keys_that_wait(self):
        folder = self.north.directory / "var/lib/cas/keys/north.example"
        active = list(folder.glob("*[re].pem"))
        self.assertEqual(len(active), 2)
        for key in active:
            key.rename(key.with_suffix(".next.pem"))
        try:
            finding = self.assert_only(self.doctor(), "signing.waiting")
        finally:
            for key in active:
                key.with_suffix(".next.pem").rename(key)
        self.assertIn("cas keys rotate north.example", finding["mend"])

    # ---- The certificate ----

    def with_certificate(self, *arguments, **more):
        crt, key = certificate(self.world.directory, "other", *arguments, **more)
        with self.changed(str(self.crt), str(crt)), self.changed(str(self.key), str(key)):
            return self.doctor()

    def test_a_certificate_that_expired(self):
        self.assert_only(self.with_certificate("mx.north.example", days=(-90, -1)), "certificate.expired")

    def test_a_certificate_that_soon_expires(self):
        self.assert_only(self.with_certificate("mx.north.example", days=(-90, 10)), "certificate.soon")

    def test_a_certificate_of_another_host(self):
        self.assert_only(self.with_certificate("mx.south.example"), "certificate.name")

    def test_a_certificate_of_its_own(self):
        self.assert_only(self.with_certificate("mx.north.example", issuer="mx.north.example"), "certificate.self")

    def test_a_key_of_another_certificate(self):
        _, key = certificate(self.world.directory, "third", "mx.north.example")
        with self.changed(str(self.key), str(key)):
            self.assert_only(self.doctor(status=WRONG), "certificate.unusable", "config.error")

    # ---- Ports and the server ----

    def test_a_port_that_another_program_has(self):
        self.north.stop()
        with socket.create_server((self.north.address, self.north.submission_port)):
            found = self.doctor(status=WRONG)
        finding = self.assert_only(found, "port.taken", "server.down")
        self.assertIn(f"(process {os.getpid()})", finding["found"])
        self.assertIn("python3", finding["found"])

    def test_a_server_that_does_not_run(self):
        self.north.stop()
        self.assert_only(self.doctor(), "server.down")

    def test_a_server_that_hangs(self):
        self.north.process.send_signal(signal.SIGSTOP)
        try:
            self.assert_only(self.doctor(status=WRONG), "server.mute")
        finally:
            self.north.process.send_signal(signal.SIGCONT)

    def test_a_listener_that_the_server_does_not_have(self):
        port = self.north.submission_port
        with self.changed(f":{port}\"", f":{port + 1}\""):
            self.assert_only(self.doctor(status=WRONG), "port.closed")

    # ---- DNS and the way out ----

    def test_a_resolver_that_is_dead(self):
        self.world.dns.set_mode("*", DROP)
        try:
            self.assert_only(self.doctor(status=WRONG), "resolver.dead")
        finally:
            self.world.dns.set_mode("*", None)

    def test_a_resolver_that_validates_nothing(self):
        with self.changed(f'trust_anchor_file = "{self.anchor}"', 'trust_anchor_file = "none"'):
            self.assert_only(self.doctor(), "resolver.trust")

    def test_a_name_that_nobody_signs(self):
        self.assert_only(self.doctor("--signed-name", "north.example"), "resolver.insecure")

    def test_nothing_gets_out(self):
        finding = self.assert_only(self.doctor("--outbound", "far.example", status=WRONG), "outbound.blocked")
        self.assertIn("mx.far.example", finding["subject"])
        self.assertIn("port 25", finding["mend"])

    def test_mail_gets_out(self):
        greeter = Greeter(self.far, self.world.port, b"220 mx.far.example ESMTP\r\n")
        try:
            found = self.doctor("--outbound", "far.example")
            self.assert_only(found)
            self.assertIn("220 mx.far.example", found["outbound"][0]["found"])
            self.assert_only(self.doctor("--outbound", f"{self.far}:{self.world.port}"))
        finally:
            greeter.close()

    def test_a_server_that_wants_nothing_of_us(self):
        greeter = Greeter(self.far, self.world.port, b"554 5.7.1 listed\r\n")
        try:
            self.assert_only(self.doctor("--outbound", "far.example"), "outbound.refused")
        finally:
            greeter.close()

    # ---- The store ----

    def copy(self):
        """The configuration of a set-up whose state may be broken: that of the stopped server, elsewhere."""
        self.north.stop()
        root = self.world.directory / "copy"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self.north.directory / "var/lib/cas", root, ignore=shutil.ignore_patterns("mail"))
        root.chmod(0o750)
        config = self.world.directory / "copy.toml"
        config.write_text(self.config.read_text().replace(str(self.north.directory / "var/lib/cas"), str(root)))
        config.chmod(0o640)
        return root, config

    def test_a_broken_page_of_the_database(self):
        root, config = self.copy()
        with sqlite3.connect(root / "cas.db") as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'recipient_due'").fetchone()[0]
        with open(root / "cas.db", "r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\x5a" * 4096)
        finding = self.assert_only(self.doctor(config=config, status=WRONG), "store.damaged", "server.down")
        self.assertIn("restore a backup", finding["mend"])

    def test_a_broken_body(self):
        """A message that waits: its octets lie beside the database."""
        self.north.submit("joe", "far@far.example", message("joe@north.example", "far@far.example", "doctor-1", "x" * 70 + "\r\n" +
                                                            ("y" * 70 + "\r\n") * 1000))
        root, config = self.copy()
        segment = next((root / "cas.db.bodies").iterdir())
        self.assert_only(self.doctor(config=config), "server.down")
        with open(segment, "r+b") as file:
            file.seek(1000)
            file.write(b"!")
        finding = self.assert_only(self.doctor(config=config, status=WRONG), "store.damaged", "server.down")
        self.assertIn(segment.name, finding["found"])

    def test_a_disk_that_is_memory_and_full(self):
        root, config = self.copy()
        disk = SmallDisk(self.world.directory / "small", 4 << 20)
        self.world.disks.append(disk)
        shutil.copytree(root, disk.directory / "state")
        (disk.directory / "state").chmod(0o750)
        config.write_text(config.read_text().replace(str(root), str(disk.directory / "state")))
        found = self.doctor(config=config, status=WRONG)
        self.assertEqual(found["disk.kind"][0]["verdict"], "wrong")
        self.assertIn("tmpfs", found["disk.kind"][0]["found"])
        self.assertIn("452", found["disk.full"][0]["found"])


if __name__ == "__main__":
    unittest.main()
