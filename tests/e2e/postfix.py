# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A Postfix of a test's own, as a mail server elsewhere that knows nothing of CAS: configuration, queue and mailbox in the
world's directory, on one loopback address. No service of the machine is touched."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import smtplib
import socket
import subprocess

from .harness import BOUND, poll

SBIN = pathlib.Path("/usr/lib/postfix/sbin")
MAIN = """compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
daemon_directory = {sbin}
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
myhostname = {host}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = {domain} {more_domains}
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:bounces/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = inline:{{{routes}}}
smtp_bind_address = {address}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = may
{more}
"""
MASTER = """{address}:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
tlsmgr unix - - n 1000? 1 tlsmgr
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
showq unix n - n - - showq
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def why_not():
    """Why it cannot be run here; nothing where it can."""
    if os.geteuid() != 0:
        return "Postfix needs root"
    if not (SBIN / "master").exists() or not shutil.which("postfix", path="/usr/sbin"):
        return "Postfix is not installed"
    return None


class Postfix:
    """`routes`: the domains that it sends to, each with the address and port of its server. What is for its own domain, such
    as a bounce, is in bounces(). `domains`: more of its own; `more`: lines of main.cf."""

    def __init__(self, world, domain, routes, domains=(), more=""):
        self.address, self.port = world.new_address(), world.port
        self.folder = world.directory / f"postfix-{domain}"
        os.chmod(world.directory, 0o711)  # its processes run as another user
        self.folder.mkdir(mode=0o755)
        for part in ("etc", "spool", "data", "mail"):
            (self.folder / part).mkdir()
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder / "mail", nobody.pw_uid, nobody.pw_gid)
        shutil.chown(self.folder / "data", "postfix", pwd.getpwnam("postfix").pw_gid)
        table = ", ".join(f"{{{name} = smtp:[{address}]:{port}}}" for name, (address, port) in routes.items())
        etc = self.folder / "etc"
        (etc / "main.cf").write_text(MAIN.format(dir=self.folder, sbin=SBIN, host=f"mx.{domain}", domain=domain, routes=table,
                                                 address=self.address, uid=nobody.pw_uid, gid=nobody.pw_gid,
                                                 more_domains=" ".join(domains), more=more))
        (etc / "master.cf").write_text(MASTER.format(address=self.address, port=self.port))
        for name in ("postfix-files", "dynamicmaps.cf"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"/etc/postfix/{name}", etc)
        self.output = open(self.folder / "output", "wb")
        subprocess.run(["/usr/sbin/postfix", "-c", etc, "check"], check=True, stdout=self.output, stderr=self.output, timeout=BOUND)
        self.process = subprocess.Popen([SBIN / "master", "-c", etc, "-s"], stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=self.output, start_new_session=True)
        try:
            poll(self._greets, "Postfix answers")
        except BaseException:
            self.close()
            raise

    def _greets(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Postfix ended with {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), timeout=5) as sock:
            return sock.recv(4).startswith(b"220")
        return False

    def send(self, sender, recipients, octets):
        """As its users do: it has taken the message when this returns."""
        with smtplib.SMTP(self.address, self.port, local_hostname="client.example", timeout=BOUND) as client:
            client.sendmail(sender, recipients, octets)

    def _tool(self, name, *arguments):
        return subprocess.run([f"/usr/sbin/{name}", "-c", self.folder / "etc", *arguments], check=True, capture_output=True,
                              text=True, timeout=BOUND).stdout

    def flush(self):
        """Tries again what was deferred."""
        self._tool("postqueue", "-f")

    def deferred(self):
        """Recipient and reason of each that waits for another try."""
        rows = [json.loads(line) for line in self._tool("postqueue", "-j").splitlines()]
        return {recipient["address"]: recipient.get("delay_reason", "")
                for row in rows if row["queue_name"] == "deferred" for recipient in row["recipients"]}

    def bounces(self, token):
        """The notifications about a message with this subject; where it is for a mailbox here, the message."""
        new = self.folder / "mail" / "bounces" / "new"
        found = [path.read_text(errors="replace") for path in new.iterdir()] if new.exists() else []
        return [text for text in found if f"Subject: {token}\n" in text]

    def queued(self, name):
        """The senders of what waits in that queue: "hold"."""
        rows = [json.loads(line) for line in self._tool("postqueue", "-j").splitlines()]
        return [row["sender"] for row in rows if row["queue_name"] == name]

    def log(self):
        path = self.folder / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self):
        self.process.terminate()
        self.process.wait(BOUND)
        self.output.close()
