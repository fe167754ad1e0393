# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Postfix with the filters that judge mail, as a server for inbound.py: everything in a folder of its own, on loopback, in
namespaces of its own. No service of the machine is touched. What is settled here is settled in Postfix's favour: no rate
limits, no name lookups, processes that stay."""

import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time

DKIM_PORT, DMARC_PORT, RSPAMD_PORT = 25641, 25642, 25643
FILTERS = ("rspamd", "opendkim", "opendmarc", "policyd-spf")
NOT_OURS = "192.0.2.255"  # the only address that is trusted: nobody is
MAIN = """compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/mail.log
maillog_file_prefixes = /
myhostname = mx.dst.example
mydestination =
mynetworks = 192.0.2.255/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = dst.example
virtual_mailbox_base = {dir}/mail
virtual_mailbox_maps = static:b/
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_client_connection_count_limit = 0
default_process_limit = 200
max_use = 100000
in_flow_delay = 0
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
MILTERS = """smtpd_milters = {milters}
milter_default_action = tempfail
"""
RELAY = """mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
"""
POLICY = """policyd_time_limit = 100
smtpd_recipient_restrictions = check_policy_service unix:private/policyd
"""
UNBOUND = """server:
  interface: 127.0.0.1
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "{dir}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-ip6: no
  module-config: "iterator"
  local-zone: "." static
{records}remote-control:
  control-enable: no
"""


def in_namespaces():
    """Runs this program again in namespaces of its own, where port 53 of loopback is ours and all ends with us."""
    if os.environ.get("CAS_BENCH_PRIVATE"):
        return
    if os.geteuid() != 0:
        raise SystemExit("Postfix beside us needs root, for namespaces of its own")
    os.environ["CAS_BENCH_PRIVATE"] = "1"
    inner = 'ip link set lo up && exec "$0" "$@"'
    os.execvp("unshare", ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c",
                          inner, sys.executable, *sys.argv])


def missing(kind):
    """What is not installed of a server like "postfix+opendkim"."""
    parts = kind.split("+")
    unknown = [part for part in parts[1:] if part not in FILTERS]
    if parts[0] != "postfix" or unknown:
        raise SystemExit(f"{kind}: postfix, and after it any of +{' +'.join(FILTERS)}")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/postfix/sbin"
    return [part for part in [*parts, "unbound"] if not shutil.which(part, path=path)]


class Dns:
    """unbound with these records on 127.0.0.1:53, and the system's resolver pointed there."""

    def __init__(self, folder, records):
        lines = "".join(f"  local-data: '{record}'\n" for record in records)
        (folder / "unbound.conf").write_text(UNBOUND.format(dir=folder, records=lines))
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        subprocess.run(["mount", "--bind", folder / "resolv.conf", os.path.realpath("/etc/resolv.conf")], check=True)
        self.process = subprocess.Popen(["unbound", "-d", "-c", folder / "unbound.conf"], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        await_port(53)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def await_port(port, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def own(path, user):
    shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


class Peer:
    """One Postfix and its filters. `new` is the folder where mail for dst.example arrives; or all is relayed to a port."""

    def __init__(self, kind, folder, port, relay_to=None):
        self.folder, self.processes, self.master = folder, [], MASTER.format(port=port)
        nobody = pwd.getpwnam("nobody")
        os.chmod(folder, 0o755)
        self.main = MAIN.format(dir=folder, uid=nobody.pw_uid, gid=nobody.pw_gid)
        if relay_to:
            self.main += RELAY.format(port=relay_to)
        (folder / "mail").mkdir()
        own(folder / "mail", "nobody")
        self.new = folder / "mail" / "b" / "new"
        self.log = open(folder / "log", "w")
        milters = []
        try:
            for part in kind.split("+")[1:]:
                listens = getattr(self, "start_" + part.replace("-", "_"))(kind)
                if listens:
                    milters.append(f"inet:127.0.0.1:{listens}")
                    await_port(listens)
            if milters:
                self.main += MILTERS.format(milters=", ".join(milters))
            self.start_postfix()
            await_port(port)
        except BaseException:
            self.stop()
            raise

    def run(self, *command):
        self.processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                               start_new_session=True))

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start_postfix(self):
        for part in ("spool", "data"):
            (self.folder / part).mkdir()
        own(self.folder / "data", "postfix")
        main = self.write("postfix/main.cf", self.main)
        self.write("postfix/master.cf", self.master)
        for name in ("postfix-files", "dynamicmaps.cf"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"/etc/postfix/{name}", main.parent)
        subprocess.run(["postfix", "-c", main.parent, "check"], check=True, stdout=self.log, stderr=self.log)
        self.run("/usr/lib/postfix/sbin/master", "-c", main.parent, "-s")

    def start_opendkim(self, _kind):
        ignore = self.write("ignore", NOT_OURS + "\n")
        config = self.write("opendkim.conf", f"Mode v\nSocket inet:{DKIM_PORT}@127.0.0.1\nSyslog no\nUserID opendkim\n"
                            f"InternalHosts {ignore}\nExternalIgnoreList {ignore}\nAuthservID mx.dst.example\n"
                            "Nameservers 127.0.0.1\nAlwaysAddARHeader yes\n")
        self.run("opendkim", "-f", "-x", config)
        return DKIM_PORT

    def start_opendmarc(self, kind):
        ignore = self.write("ignore", NOT_OURS + "\n")
        itself = "" if "policyd-spf" in kind else "SPFSelfValidate yes\n"
        config = self.write("opendmarc.conf", f"Socket inet:{DMARC_PORT}@127.0.0.1\nSyslog no\nUserID opendmarc\n"
                            f"IgnoreHosts {ignore}\nAuthservID mx.dst.example\nTrustedAuthservIDs mx.dst.example\n"
                            f"RejectFailures yes\n{itself}")
        self.run("opendmarc", "-f", "-c", config)
        return DMARC_PORT

    def start_policyd_spf(self, _kind):
        config = self.write("policyd-spf.conf", f"debugLevel = 0\nskip_addresses = {NOT_OURS}/32\nHeader_Type = AR\n"
                            "Authserv_Id = mx.dst.example\n")
        self.main += POLICY
        self.master += f"policyd unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf {config}\n"

    def start_rspamd(self, _kind):
        """Debian's configuration; every module off but those that verify, and no Redis."""
        base = self.folder / "rspamd"
        wanted = ("dkim", "spf", "dmarc", "milter_headers")
        for module in pathlib.Path("/etc/rspamd/modules.d").glob("*.conf"):
            if module.stem not in wanted:
                self.write(f"rspamd/local.d/{module.name}", "enabled = false;\n")
        for module in wanted[:3]:
            self.write(f"rspamd/local.d/{module}.conf", "check_local = true; check_authed = true;\n")
        self.write("rspamd/local.d/milter_headers.conf",
                   'use = ["authentication-results"]; skip_local = false; skip_authenticated = false;\n')
        suffixes = self.write("rspamd/local.d/suffixes", "com\nexample\n")  # the whole list takes long to compile at every start
        self.write("rspamd/local.d/options.inc", f'url_tld = "{suffixes}"; filters = "dkim,spf"; local_addrs = ["{NOT_OURS}"]; '
                   'dns { nameserver = ["127.0.0.1:53"]; }\n')
        self.write("rspamd/local.d/logging.inc", f'type = "file"; filename = "{base}/rspamd.log"; level = "warning";\n')
        for worker in ("normal", "controller", "fuzzy"):
            self.write(f"rspamd/local.d/worker-{worker}.inc", "enabled = false;\n")
        self.write("rspamd/local.d/worker-proxy.inc", f'bind_socket = "127.0.0.1:{RSPAMD_PORT}"; milter = yes; count = 2; '
                   'timeout = 30s; upstream "local" { default = yes; self_scan = yes; }\n')
        for path in (base, base / "local.d", *(base / "local.d").iterdir()):
            own(path, "_rspamd")
        places = [f"--var={name}={base}" for name in ("LOCAL_CONFDIR", "RUNDIR", "DBDIR", "LOGDIR")]
        self.run("rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf", *places)
        return RSPAMD_PORT

    def family(self):
        """(pid, ticks of it and of the children it has buried) of all that descends from what was started here."""
        parents, ticks = {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                pid = int(stat.parent.name)
                parents[pid], ticks[pid] = int(fields[1]), sum(map(int, fields[11:15]))
        ours = {process.pid for process in self.processes}
        while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
            ours |= more
        return {pid: ticks[pid] for pid in ours if pid in ticks}

    def cpu(self):
        return sum(self.family().values()) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return all(process.poll() is None for process in self.processes)

    def stop(self):
        left = set(self.family())
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(30)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.log.close()
