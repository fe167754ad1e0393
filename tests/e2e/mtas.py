# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Other mail servers of Debian, each with a configuration, a spool and mailboxes of a test's own on one loopback address. What the
recipes of docs/recipes.md say is read from there. No service of the machine is touched."""

import contextlib
import grp
import os
import pathlib
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess

from .harness import BOUND, poll

ROOT = pathlib.Path(__file__).parents[2]
PEERS = ROOT / "build" / "peers"  # where tools/install-deps --peers unpacks


def recipe(name, **changes):
    """The block of docs/recipes.md below <!-- name -->, with texts in it replaced."""
    page = (ROOT / "docs" / "recipes.md").read_text()
    block = re.search(rf"<!-- {name} -->\n((?:    .*\n)+)", page).group(1)
    text = re.sub("(?m)^    ", "", block)
    for old, new in changes.items():
        old = {"front": "127.0.0.1:10025", "front_exim": "127.0.0.1::10025", "front_postfix": "[127.0.0.1]:10025",
               "behind": "127.0.0.1:2525", "domain": "north.example", "group": "group = cas", "listener": "unix_listener lmtp"}[old]
        assert old in text, (name, old)
        text = text.replace(old, new)
    return text


def user(*names):
    """The first of them that this machine has."""
    for name in names:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    return None


class Program:
    """A server that runs in the foreground. Its mailboxes are Maildirs below mail/."""

    def __init__(self, world, name):
        self.address, self.port = world.new_address(), world.port
        self.folder = world.directory / name
        os.chmod(world.directory, 0o711)  # its processes run as other users
        self.folder.mkdir(mode=0o755)
        self.process = None

    def run(self, *command, ready):
        self.output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, start_new_session=True)
        try:
            poll(lambda: self.is_ready(ready), f"{command[0]} answers")
        except BaseException:
            self.close()
            raise

    def is_ready(self, ready):
        if self.process.poll() is not None:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(OSError):
            return ready()
        return False

    def greets(self):
        with socket.create_connection((self.address, self.port), timeout=5) as sock:
            return sock.recv(4).startswith(b"220")

    def send(self, sender, recipients, octets):
        with smtplib.SMTP(self.address, self.port, local_hostname="client.example", timeout=BOUND) as client:
            client.sendmail(sender, recipients, octets, mail_options=["BODY=8BITMIME"])

    def mail(self, mailbox):
        new = self.folder / "mail" / mailbox / "new"
        return [path.read_bytes() for path in new.iterdir()] if new.exists() else []

    def log(self):
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("*log*")) + (
            self.folder / "output").read_text(errors="replace")

    def close(self):
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(BOUND)
            self.output.close()


# ---- Exim ----

EXIM = """primary_hostname = mx.{domain}
exim_user = {user}
exim_group = {group}
exim_path = {binary}
spool_directory = {dir}/spool
log_file_path = {dir}/log-%s
pid_file_path = {dir}/pid
local_interfaces = {address}
daemon_smtp_ports = {port}
tls_advertise_hosts =
domainlist local_domains = {domain}
acl_smtp_rcpt = on_rcpt
deliver_drop_privilege
queue_run_in_order
keep_environment =
begin acl
on_rcpt:
{behind}
accept
begin routers
{front}
here:
  driver = accept
  local_parts = bob
  transport = maildir
begin transports
remote_smtp:
  driver = smtp
maildir:
  driver = appendfile
  directory = {dir}/mail/bob
  maildir_format
  user = {user}
"""


def exim_binary():
    return next((path for path in (pathlib.Path("/usr/sbin/exim4"), PEERS / "exim4-daemon-light/usr/sbin/exim4") if path.exists()), None)


def why_no_exim():
    if os.geteuid() != 0:
        return "Exim needs root"
    if exim_binary() is None or user("Debian-exim") is None:
        return "Exim is not there: tools/install-deps --peers"
    return None


class Exim(Program):
    def __init__(self, world, domain, front):
        super().__init__(world, f"exim-{domain}")
        owner = user("Debian-exim")
        for part in ("spool", "mail"):
            (self.folder / part).mkdir()
            os.chown(self.folder / part, owner.pw_uid, owner.pw_gid)
        os.chown(self.folder, owner.pw_uid, owner.pw_gid)
        config = self.folder / "exim.conf"
        config.write_text(EXIM.format(domain=domain, user="Debian-exim", group=grp.getgrgid(owner.pw_gid).gr_name, binary=exim_binary(),
                                      dir=self.folder, address=self.address, port=self.port, behind=recipe("exim behind"),
                                      front=recipe("exim front", front_exim=f"{front[0]}::{front[1]}")))
        self.run(exim_binary(), "-C", config, "-bdf", "-q1m", ready=self.greets)


# ---- OpenSMTPD ----

OPENSMTPD = """listen on {address} port {port} hostname mx.{domain}
table mailboxes {{ {mailboxes} }}
action "here" maildir "{dir}/mail/bob" {kind} <mailboxes>
match from any for domain "{domain}" action "here"
{front}
"""


def opensmtpd_folder():
    return next((path for path in (PEERS / "opensmtpd",) if (path / "usr/sbin/smtpd").exists()), None)


def why_no_opensmtpd():
    if os.geteuid() != 0:
        return "OpenSMTPD needs root"
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, timeout=BOUND).returncode != 0:
        return "OpenSMTPD needs a mount namespace"
    if opensmtpd_folder() is None or not user("opensmtpd") or not user("opensmtpq"):
        return "OpenSMTPD is not there: tools/install-deps --peers"
    return None


class OpenSmtpd(Program):
    """In a mount namespace of its own: the places of its spool and its socket cannot be chosen. Its mailboxes are in a virtual table, or
    are users, as those of the system are."""

    def __init__(self, world, domain, front, users=False):
        super().__init__(world, f"opensmtpd-{domain}")
        nobody = pwd.getpwnam("nobody")
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", nobody.pw_uid, nobody.pw_gid)
        config = self.folder / "smtpd.conf"
        mailboxes = f'bob = "{nobody.pw_uid}:{nobody.pw_gid}:{self.folder}/mail"' if users else f'"bob@{domain}" = nobody'
        config.write_text(OPENSMTPD.format(domain=domain, mailboxes=mailboxes, kind="userbase" if users else "virtual", dir=self.folder, address=self.address, port=self.port,
                                           front=recipe("opensmtpd front", front=f"{front[0]}:{front[1]}").replace("from local", "from any")))
        config.chmod(0o600)
        programs = opensmtpd_folder() / "usr"
        script = ("for place in /run /var/spool /usr/libexec /var/lib; do mount -t tmpfs -o mode=755 tmpfs $place; done && "
                  "mkdir -m 711 -p /run/opensmtpd /var/spool/smtpd /var/lib/opensmtpd/empty && "
                  f"cp -r {programs}/libexec/opensmtpd /usr/libexec && exec {programs}/sbin/smtpd -d -f {config}")
        self.run("unshare", "-m", "sh", "-c", script, ready=self.greets)


# ---- Dovecot ----

DOVECOT = """base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
protocols = lmtp
ssl = no
mail_location = maildir:{dir}/mail/%n
postmaster_address = postmaster@{domain}
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = passwd-file
  args = {dir}/users
}}
{behind}
"""


def why_no_dovecot():
    if os.geteuid() != 0:
        return "Dovecot needs root"
    if not shutil.which("dovecot", path="/usr/sbin") or not pathlib.Path("/usr/lib/dovecot/lmtp").exists():
        return "Dovecot's LMTP is not installed: tools/install-deps --peers"
    return None


class Dovecot(Program):
    """Its users have the domain in their names, or have none, as those of the system have."""

    def __init__(self, world, domain, bare=False):
        super().__init__(world, f"dovecot-{domain}")
        nobody = pwd.getpwnam("nobody")
        for part in ("run", "state", "mail"):
            (self.folder / part).mkdir(mode=0o755)
        os.chown(self.folder / "mail", nobody.pw_uid, nobody.pw_gid)
        self.socket = self.folder / "run" / "lmtp"
        group = grp.getgrgid(os.getegid()).gr_name
        (self.folder / "users").write_text(f"bob{'' if bare else '@' + domain}::{nobody.pw_uid}:{nobody.pw_gid}::{self.folder}/mail/bob::\n")
        config = self.folder / "dovecot.conf"
        behind = recipe("dovecot behind", group=f"group = {group}") + (recipe("dovecot names") if bare else "")
        config.write_text(DOVECOT.format(dir=self.folder, domain=domain, behind=behind))
        self.run("/usr/sbin/dovecot", "-F", "-c", config, ready=self.answers)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            sock.connect(str(self.socket))
            return sock.recv(4).startswith(b"220")


# ---- rspamd ----


def why_no_rspamd():
    if os.geteuid() != 0:
        return "rspamd is started by root"
    if not shutil.which("rspamd") or user("_rspamd") is None:
        return "rspamd is not installed: tools/install-deps --peers"
    return None


class Rspamd(Program):
    """Debian's configuration, every module off but the one that writes header fields; no Redis. It asks nobody."""

    def __init__(self, world):
        super().__init__(world, "rspamd")
        local = self.folder / "local.d"
        local.mkdir()
        for module in pathlib.Path("/etc/rspamd/modules.d").glob("*.conf"):
            (local / module.name).write_text("enabled = false;\n")
        (local / "milter_headers.conf").write_text('use = ["x-spam-status"]; skip_local = false; skip_authenticated = false;\n')
        (local / "suffixes").write_text("com\nexample\n")
        (local / "options.inc").write_text(f'url_tld = "{local}/suffixes"; filters = ""; dns {{ nameserver = ["{world.dns.address}:{world.dns.port}"]; }}\n')
        (local / "logging.inc").write_text(f'type = "file"; filename = "{self.folder}/rspamd.log"; level = "info";\n')
        for worker in ("normal", "controller", "fuzzy"):
            (local / f"worker-{worker}.inc").write_text("enabled = false;\n")
        (local / "worker-proxy.inc").write_text(f'bind_socket = "{self.address}:{self.port}"; milter = yes; count = 1; timeout = 30s; '
                                                'upstream "local" { default = yes; self_scan = yes; }\n')
        owner = user("_rspamd")
        for path in (self.folder, local, *local.iterdir()):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        places = [f"--var={name}={self.folder}" for name in ("LOCAL_CONFDIR", "RUNDIR", "DBDIR", "LOGDIR")]
        self.run("rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", *places, ready=self.listens)

    def listens(self):
        with socket.create_connection((self.address, self.port), timeout=5):
            return True


# ---- ClamAV ----

VIRUS = "OUR-OWN-TEST-OF-A-VIRUS"
CLAMD = """LocalSocket {dir}/clamd.sock
Foreground yes
DatabaseDirectory {dir}/db
User root
"""
CLAMAV_MILTER = """MilterSocket inet:{port}@{address}
ClamdSocket unix:{dir}/clamd.sock
Foreground yes
OnInfected Reject
RejectMsg virus %v
AddHeader Add
User root
"""


def clamav_folder():
    folder = PEERS / "clamav-milter"
    return folder if (folder / "usr/sbin/clamav-milter").exists() else None


def why_no_clamav():
    if os.geteuid() != 0:
        return "ClamAV is started by root"
    if clamav_folder() is None:
        return "ClamAV is not there: tools/install-deps --peers"
    return None


class ClamAv(Program):
    """clamd with one signature of our own, and its milter."""

    def __init__(self, world):
        super().__init__(world, "clamav")
        (self.folder / "db").mkdir()
        (self.folder / "db" / "test.ndb").write_text(f"Our.Own:0:*:{VIRUS.encode().hex()}\n")
        (self.folder / "clamd.conf").write_text(CLAMD.format(dir=self.folder))
        (self.folder / "milter.conf").write_text(CLAMAV_MILTER.format(dir=self.folder, address=self.address, port=self.port))
        parts = [PEERS / name for name in ("clamav-daemon", "clamav-milter", "libclamav12")]
        libraries = ":".join(str(path) for part in parts for path in part.glob("usr/lib/*-linux-gnu"))
        run = ("env", f"LD_LIBRARY_PATH={libraries}")
        self.scanner = subprocess.Popen([*run, parts[0] / "usr/sbin/clamd", "-c", self.folder / "clamd.conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            poll((self.folder / "clamd.sock").exists, "clamd answers")
            self.run(*run, parts[1] / "usr/sbin/clamav-milter", "-c", self.folder / "milter.conf", ready=self.listens)
        except BaseException:
            self.close()
            raise

    def listens(self):
        with socket.create_connection((self.address, self.port), timeout=5):
            return True

    def close(self):
        super().close()
        self.scanner.kill()
        self.scanner.wait(BOUND)


# ---- Sendmail ----

SENDMAIL = """divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.{domain}')dnl
define(`QUEUE_DIR', `{dir}/spool')dnl
define(`STATUS_FILE', `{dir}/statistics')dnl
define(`confPID_FILE', `{dir}/pid')dnl
define(`confSERVICE_SWITCH_FILE', `{dir}/switch')dnl
define(`ALIAS_FILE', `')dnl
define(`confTO_IDENT', `0')dnl
define(`confDONT_PROBE_INTERFACES', `True')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`nocanonify')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')dnl
define(`SMART_HOST', `relay:[{address}]')dnl
DAEMON_OPTIONS(`Port={port}, Addr={address}, Name=MTA')dnl
INPUT_MAIL_FILTER(`cas', `{milter}')dnl
MAILER(`smtp')dnl
"""


def why_no_sendmail():
    if os.geteuid() != 0:
        return "Sendmail needs root"
    if not (PEERS / "sendmail-bin/usr/libexec/sendmail/sendmail").exists() or not shutil.which("m4"):
        return "Sendmail is not there: tools/install-deps --peers"
    if subprocess.run(["unshare", "-m", "-u", "true"], capture_output=True, timeout=BOUND).returncode != 0:
        return "Sendmail needs a name of its own"
    return None


class Sendmail(Program):
    """It asks the milter and hands on to port `sink` of its own address. With a host name of its own: without one it waits for a
    minute."""

    def __init__(self, world, domain, milter, sink):
        super().__init__(world, f"sendmail-{domain}")
        (self.folder / "spool").mkdir(mode=0o700)
        (self.folder / "switch").write_text("hosts files\naliases files\n")
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} mx.{domain} mx\n")
        macros = self.folder / "cas.mc"
        macros.write_text(SENDMAIL.format(domain=domain, dir=self.folder, address=self.address, port=self.port, sink=sink, milter=milter))
        rules = PEERS / "sendmail-cf/usr/share/sendmail/cf"
        made = subprocess.run(["m4", f"-D_CF_DIR_={rules}/", rules / "m4/cf.m4", macros], capture_output=True, check=True, timeout=BOUND,
                              text=True).stdout
        config = self.folder / "sendmail.cf"
        config.write_text(re.sub("(?m)^O RunAsUser.*\n", "", made))
        program = PEERS / "sendmail-bin/usr/libexec/sendmail/sendmail"
        script = f"hostname mx.{domain} && mount --bind {self.folder}/hosts /etc/hosts && exec {program} -bD -q1m -C {config}"
        self.run("unshare", "-m", "-u", "sh", "-c", script, ready=self.greets)
