# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A world for a test: servers as real processes on loopback addresses of their own, a DNS server, keys, certificates and
passwords made by the program itself. Nothing waits by sleeping for long enough: poll() waits for a condition."""

import email
import email.policy
import getpass
import os
import pathlib
import random
import shutil
import signal
import smtplib
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

from .dnsserver import DnsServer
from .seed import SEED

CAS = os.environ.get("CAS", "cas")
BOUND = 60.0  # seconds until a condition that should come true is given up
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "WARNING: ThreadSanitizer")
PASSWORD = "correct horse battery staple"


def poll(condition, what, bound=BOUND):
    """Waits until condition() is true and returns its value."""
    deadline = time.monotonic() + bound
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {bound:.0f} s still not: {what}")
        time.sleep(0.02)


def cas(*arguments, stdin=None, check=True):
    """Runs the command to its end; its standard output."""
    done = subprocess.run([CAS, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=BOUND)
    if check and done.returncode != 0:
        raise AssertionError(f"cas {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class TcpServer(socketserver.ThreadingTCPServer):
    """For peers of the servers under test."""

    allow_reuse_address = True
    daemon_threads = True


def client_tls():
    """As a mail server would: opportunistic, names unverified (RFC 7435)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def toml(value):
    """A TOML value; only what the configuration needs."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def message(sender, to, subject="test", body="Hello.\r\n", extra=""):
    """A complete message in wire form (CRLF), as octets."""
    now = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    to = to if isinstance(to, str) else ", ".join(to)
    head = (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {now}\r\n"
            f"Message-ID: <{random.getrandbits(96):x}@{sender.rpartition('@')[2].rstrip('>')}>\r\n{extra}")
    return (head + "\r\n" + body).encode()


class Server:
    """One `cas serve` process for one mail domain. Settings may be changed before start()."""

    def __init__(self, world, domain, address, mailboxes=("suzie",), mode="optional", users=(), signing=True, tls=True,
                 settings=None):
        self.world, self.domain, self.address = world, domain, address
        self.host = f"mx.{domain}"
        self.directory = world.directory / domain
        self.directory.mkdir(mode=0o755)
        self.log = self.directory / "log"
        self.config = self.directory / "cas.toml"
        self.admin_socket = self.directory / "admin.sock"
        self.smtp_port, self.submission_port = world.port, world.submission_port
        self.process = None
        self.domains = [dict(name=domain, mailboxes=list(mailboxes), mode=mode, signing=signing)]
        self.users = {name: [f"{name}@{domain}"] for name in users}
        self.tls = tls
        self.tls_keys = {}  # more of [tls]
        self.top = {}  # keys before the first table
        self.listeners = []  # more of them: (port, role, tls), and a dictionary of other keys
        self.trust_anchor = "none"
        self.dns = {}  # more of [dns]
        self.tables = ""  # more of the configuration, as text
        self.settings = {"queue": {"first_retry": "1s", "max_retry": "2s"}, **(settings or {})}
        self.public_names()

    # ---- Setting up ----

    def public_names(self):
        """Publishes the host and its MX."""
        self.world.publish(f"{self.host}. 5 IN A {self.address}\n{self.domain}. 5 IN MX 10 {self.host}.")

    def add_domain(self, name, mailboxes, mode="optional", signing=False, **more):
        """`more`: other keys of its [[domain]]; with mailboxes None there is no list."""
        self.domains.append(dict(name=name, mailboxes=mailboxes and list(mailboxes), mode=mode, signing=signing, more=more))
        self.world.publish(f"{name}. 5 IN MX 10 {self.host}.")

    def write_config(self):
        lines = [f"host = {toml(self.host)}", f"state_dir = {toml(self.directory / 'state')}",
                 f"admin_socket = {toml(self.admin_socket)}", f"run_as = {toml(getpass.getuser())}", "threads = 2"]
        lines += [f"{key} = {toml(value)}" for key, value in self.top.items()]
        (self.directory / "state").mkdir(exist_ok=True)
        if self.tls:
            cert, key = self.world.certificate(self.host)
            lines += ["[tls]", f"certificate = {toml(cert)}", f"key = {toml(key)}"]
            lines += [f"{key} = {toml(value)}" for key, value in self.tls_keys.items()]
        lines += self._listeners() + self._domains() + self._users() + self._dns()
        settings = dict(self.settings)
        # A connection for each message: most tests look at one dialog. test_reuse keeps them.
        settings["outbound"] = {"port": self.world.port, "idle_timeout": "0s", "host_backoff": "0s",
                                **settings.get("outbound", {})}
        settings.setdefault("log", {"level": "debug"})
        # Who polls makes more connections a minute than a client may.
        settings["limits"] = {"exempt": ["127.0.0.0/8"], **settings.get("limits", {})}
        for table, keys in settings.items():
            lines += [f"[{table}]"] + [f"{key} = {toml(value)}" for key, value in keys.items()]
        self.config.write_text("\n".join(lines) + "\n" + self.tables)

    def _listeners(self):
        tls = "starttls" if self.tls else "off"
        lines = ["[[listen]]", f'address = "{self.address}:{self.smtp_port}"', 'role = "mx"', f'tls = "{tls}"']
        if self.users:
            lines += ["[[listen]]", f'address = "{self.address}:{self.submission_port}"', 'role = "submission"',
                      f'tls = "{tls}"']
        for port, role, how, *more in self.listeners:
            lines += ["[[listen]]", f'address = "{self.address}:{port}"', f'role = "{role}"', f'tls = "{how}"']
            lines += [f"{key} = {toml(value)}" for keys in more for key, value in keys.items()]
        return lines

    def _domains(self):
        lines = []
        for domain in self.domains:
            lines += ["[[domain]]", f"name = {toml(domain['name'])}", f"mode = {toml(domain['mode'])}",
                      "milter = true" if domain.get("milter") else
                      f"deliver = {toml(domain['deliver'])}" if "deliver" in domain else
                      f"maildir = {toml(self.directory / 'mail' / domain['name'])}"]
            if domain["mailboxes"] is not None:
                lines += [f"mailboxes = {toml(domain['mailboxes'])}"]
            lines += [f"{key} = {toml(value)}" for key, value in domain.get("more", {}).items()]
            if "authentication" in domain:
                lines += [f"authentication = {toml(domain['authentication'])}"]
            if domain["signing"]:
                key = self.world.signing_key(domain["name"])
                lines += ["[domain.signing]", 'selector = "cas1"', f"key = {toml(key)}"]
        return lines

    def _users(self):
        lines = []
        for name, send_as in self.users.items():
            lines += ["[[user]]", f"name = {toml(name if '@' in name else f'{name}@{self.domain}')}", f"password = {toml(self.world.password_hash())}",
                      f"send_as = {toml(send_as)}"]
        return lines

    def _dns(self):
        server = self.world.dns
        return ["[dns]", f'forwarders = ["{server.address}@{server.port}"]',
                f"trust_anchor_file = {toml(self.trust_anchor)}",
                'timeout = "2s"', *(f"{key} = {toml(value)}" for key, value in self.dns.items())]

    # ---- Running ----

    def start(self, wait=True):
        if not self.config.exists():
            self.write_config()
        environment = dict(os.environ, ASAN_OPTIONS="exitcode=99", UBSAN_OPTIONS="print_stacktrace=1")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([CAS, "serve", "--config", self.config], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        """Until every listener greets."""
        ports = [self.smtp_port] + ([self.submission_port] if self.users else [])

        def greets():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.host} ended with {self.process.returncode}:\n{self.tail()}")
            for port in ports:
                try:
                    with socket.create_connection((self.address, port), timeout=5) as sock:
                        if not sock.recv(4).startswith(b"220"):
                            return False
                except OSError:
                    return False
            return True

        poll(greets, f"{self.host} answers")

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As the power does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, bound=BOUND):
        """SIGTERM; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(bound)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.host} did not end after SIGTERM") from None
        self.process = None
        return status

    def restart(self):
        self.stop()
        return self.start()

    # ---- Seeing ----

    def tail(self, lines=60):
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def sanitizer_reports(self):
        if not self.log.exists():
            return []
        return [l for l in self.log.read_text(errors="replace").splitlines() if any(w in l for w in SANITIZER_WORDS)]

    def maildir(self, mailbox, domain=None):
        return self.directory / "mail" / (domain or self.domain) / mailbox

    def mail(self, mailbox, domain=None):
        """The messages that were delivered to the mailbox, as octets (LF line ends)."""
        new = self.maildir(mailbox, domain) / "new"
        return [file.read_bytes() for file in sorted(new.iterdir())] if new.exists() else []

    def folder(self, mailbox, name, domain=None):
        """The messages in a folder beside the inbox (Maildir++), oldest first."""
        new = self.maildir(mailbox, domain) / f".{name}" / "new"
        return [file.read_bytes() for file in sorted(new.iterdir())] if new.exists() else []

    def find(self, mailbox, token, domain=None):
        """The delivered messages that hold the token."""
        token = token.encode() if isinstance(token, str) else token
        return [m for m in self.mail(mailbox, domain) if token in m]

    def await_mail(self, mailbox, token, bound=BOUND, domain=None):
        """Waits for the message with the token; the one message, parsed, its octets as `.raw`."""
        found = poll(lambda: self.find(mailbox, token, domain), f"{token!r} is in {mailbox} at {self.domain}", bound)
        if len(found) != 1:
            raise AssertionError(f"{token!r} was delivered {len(found)} times")
        parsed = email.message_from_bytes(found[0], policy=email.policy.default)
        parsed.raw = found[0]
        return parsed

    def queue(self):
        return cas("queue", "list", "--config", self.config)

    def await_empty_queue(self, bound=BOUND):
        """Nothing waits, as the server itself says over its admin socket."""
        poll(lambda: '"recipients"' not in cas("queue", "list", "--json", "--config", self.config),
             f"the queue of {self.host} is empty", bound)

    def peak_memory(self):
        """Greatest resident size so far, in octets."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmHWM")

    # ---- Talking ----

    def submit(self, user, recipients, octets, sender=None):
        """Hands in a message as a mail program does; SMTP errors are smtplib's exceptions."""
        recipients = [recipients] if isinstance(recipients, str) else recipients
        with self.login(user) as client:
            return client.sendmail(sender if sender is not None else f"{user}@{self.domain}", recipients, octets)

    def login(self, user, password=PASSWORD):
        client = smtplib.SMTP(self.address, self.submission_port, local_hostname="client.example", timeout=BOUND)
        client.starttls(context=client_tls())
        client.login(f"{user}@{self.domain}", password)
        return client


class World:
    """The directory, the DNS and the servers of one test class."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="cas-e2e-"))
        self._net = f"127.{random.randint(16, 250)}.{random.randint(0, 255)}"
        self._next = 10
        self.port, self.submission_port = self._free_ports()
        self.dns = DnsServer(f"{self._net}.53")
        self.servers = []
        self.disks = []  # file systems to be unmounted in the end (small_disk.py)
        self.key_type = "ed25519"
        self._certificates = {}
        self._keys = {}
        self._hash = None

    def _free_ports(self):
        """Two ports below the ephemeral range; the /24 is ours by chance, so free on one address is free on all."""
        ports = []
        while len(ports) < 2:
            port = random.randint(20000, 32000)
            with socket.socket() as probe:
                try:
                    probe.bind((f"{self._net}.10", port))
                except OSError:
                    continue
            if port not in ports:
                ports.append(port)
        return ports

    def new_address(self):
        self._next += 1
        return f"{self._net}.{self._next}"

    def publish(self, zone_text):
        self.dns.add(zone_text + "\n")

    def certificate(self, host):
        """Certificate and key files for the host."""
        if host not in self._certificates:
            cert, key = self.directory / f"{host}.cert.pem", self.directory / f"{host}.key.pem"
            cas("cert", "self-signed", host, "--cert", cert, "--key", key)
            self._certificates[host] = (cert, key)
        return self._certificates[host]

    def signing_key(self, domain):
        """A key file for the domain; its record, as the program printed it, is published."""
        if domain not in self._keys:
            path = self.directory / f"{domain}.cas1.pem"
            printed = cas("keys", "generate", "--type", self.key_type, "--out", path)
            self._keys[domain] = path
            self.publish(f"cas1._domainkey.{domain}. 5 IN TXT {txt(record_in(printed))}")
        return self._keys[domain]

    def password_hash(self):
        if self._hash is None:
            self._hash = cas("password", stdin=PASSWORD + "\n").strip()
        return self._hash

    def server(self, domain, **settings):
        server = Server(self, domain, self.new_address(), **settings)
        self.servers.append(server)
        return server

    def start(self):
        for server in self.servers:
            server.start(wait=False)
        for server in self.servers:
            server.wait_ready()

    def close(self):
        """Ends everything; what went wrong in the end, as text."""
        faults = []
        for server in self.servers:
            try:
                status = server.stop()
                if status != 0:
                    faults.append(f"{server.host} ended with {status}")
            except AssertionError as error:
                faults.append(str(error))
            faults += server.sanitizer_reports()
        for disk in self.disks:
            disk.close()
        self.dns.close()
        return "\n".join(faults)

    def show(self, out=sys.stderr):
        print(f"CAS_SEED={SEED}", file=out)
        for server in self.servers:
            print(f"---- {server.host} ----\n{server.tail()}", file=out)

    def remove(self):
        if not os.environ.get("CAS_E2E_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)


def record_in(printed):
    """The value of the TXT record in what `cas keys generate` prints: quoted strings joined, or a bare value."""
    strings = printed.split('"')[1::2]
    return "".join(strings) if strings else printed[printed.index("v=DKIM1"):].strip()


def txt(value):
    """A TXT record's strings in master-file syntax, at most 255 octets each (RFC 1035 §3.3.14)."""
    return " ".join('"' + value[i:i + 255] + '"' for i in range(0, len(value), 255))


class WorldCase(unittest.TestCase):
    """Tests that share a world. build(world) makes the servers; they are started afterwards."""

    world = None
    failed = False

    @classmethod
    def build(cls, world):
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        cls.world = World()
        try:
            cls.build(cls.world)
            cls.world.start()
        except BaseException:
            cls.world.close()
            cls.world.show()
            cls.world.remove()
            raise

    @classmethod
    def tearDownClass(cls):
        faults = cls.world.close()
        if cls.failed or faults:
            cls.world.show()
        cls.world.remove()
        if faults:
            raise AssertionError(faults)

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
        return result

    def assert_results(self, mail, authserv_id, *words):
        """The topmost Authentication-Results is ours, the only one of ours, and holds the words."""
        fields = [str(value) for value in mail.get_all("Authentication-Results", [])]
        ours = [f for f in fields if f.split(";")[0].split()[0] == authserv_id]
        self.assertEqual(len(ours), 1, fields)
        self.assertEqual(fields[0], ours[0])
        for word in words:
            self.assertIn(word, ours[0].replace(";", " ").split(), ours[0])
