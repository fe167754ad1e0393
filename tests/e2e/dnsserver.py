# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A DNS server on loopback, UDP and TCP, that answers from a zone text and can be made to misbehave name by name."""

import datetime
import socketserver
import struct
import threading

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

DROP, TRUNCATE, SERVFAIL, NXDOMAIN = "drop", "truncate", "servfail", "nxdomain"


class DnsServer:
    """`modes` maps a name to DROP (no answer at all), TRUNCATE (TC over UDP, whole over TCP), SERVFAIL or NXDOMAIN;
    change it at any time with set_mode(). `asked` lists (name, type, transport) of every question."""

    def __init__(self, address, port=0):
        self._lock = threading.Lock()
        self._records = {}
        self._modes = {}
        self._keys = {}  # signed zone -> (private key, DNSKEY)
        self.asked = []
        self._udp, self._tcp = _bind_both(self, address, port)
        self.address, self.port = self._udp.server_address
        self._threads = [threading.Thread(target=s.serve_forever, args=(0.05,), daemon=True)
                         for s in (self._udp, self._tcp)]
        for thread in self._threads:
            thread.start()

    def add(self, zone_text):
        """Adds records, master-file syntax with absolute names. A name's records of one type are replaced."""
        zone = dns.zone.from_text(zone_text, origin=".", relativize=False, check_origin=False)
        with self._lock:
            for name, rdataset in zone.iterate_rdatasets():
                rrset = dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
                self._records[(name, rdataset.rdtype)] = rrset

    def sign(self, zone):
        """From now on the zone is signed (ECDSA P-256); the trust anchor for it, as a line of a file. What does not
        exist is proved name by name, as RFC 4470 has it."""
        name = dns.name.from_text(zone)
        private = ec.generate_private_key(ec.SECP256R1())
        dnskey = dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)
        with self._lock:
            self._keys[name] = (private, dnskey)
            self._records[(name, dns.rdatatype.DNSKEY)] = dns.rrset.from_rdata(name, 5, dnskey)
        return f"{name} 5 IN DNSKEY {dnskey}"

    def remove(self, name, rdtype):
        with self._lock:
            del self._records[(dns.name.from_text(name), dns.rdatatype.from_text(rdtype))]

    def set_mode(self, name, mode):
        with self._lock:
            self._modes[dns.name.from_text(name)] = mode

    def heal(self):
        with self._lock:
            self._modes.clear()

    def count(self, name, rdtype=None):
        with self._lock:
            return sum(1 for n, t, _ in self.asked if n == name.rstrip(".") and rdtype in (None, t))

    def close(self):
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()

    def answer(self, wire, transport):
        """The octets to send back; none: say nothing."""
        try:
            query = dns.message.from_wire(wire)
            question = query.question[0]
        except (dns.exception.DNSException, IndexError):
            return None
        response = dns.message.make_response(query, recursion_available=True)
        name = dns.name.from_text(question.name.to_text().lower())
        with self._lock:
            self.asked.append((name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype), transport))
            mode = self._modes.get(name)
            if mode == DROP:
                return None
            if mode == SERVFAIL:
                response.set_rcode(dns.rcode.SERVFAIL)
            elif mode == NXDOMAIN:
                response.set_rcode(dns.rcode.NXDOMAIN)
            else:
                self._fill(response, name, question.rdtype)
                self._sign(response, name, question.rdtype)
        if transport == "udp" and mode == TRUNCATE:
            response.answer.clear()
            response.flags |= dns.flags.TC
        return response.to_wire(max_size=65535)

    def _fill(self, response, name, rdtype):
        for _ in range(8):
            rrset = self._records.get((name, rdtype))
            if rrset is not None:
                response.answer.append(rrset)
                return
            alias = self._records.get((name, dns.rdatatype.CNAME))
            if alias is None:
                break
            response.answer.append(alias)
            name = alias[0].target
        # RFC 8020: a name above an existing one exists.
        if not response.answer and not any(n.is_subdomain(name) for n, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        # RFC 2308 §3: how long to remember that there is nothing. Tests change the zone: one second.
        soa = dns.rrset.from_text(".", 1, "IN", "SOA", "ns. hostmaster. 1 60 60 3600 1")
        response.authority.append(soa)


    def _sign(self, response, name, rdtype):
        """DNSSEC for an answer of a signed zone; `name` is what was asked for, aliases are followed."""
        for rrset in response.answer:
            follow = rrset.rdtype == dns.rdatatype.CNAME and rdtype != dns.rdatatype.CNAME
            name = rrset[0].target if follow else rrset.name
        zone = next((z for z in self._keys if name.is_subdomain(z)), None)
        if not response.answer or response.answer[-1].rdtype not in (rdtype, dns.rdatatype.ANY):
            if zone is None:
                return
            response.set_rcode(dns.rcode.NOERROR)
            here = {t for n, t in self._records if n == name} | {dns.rdatatype.RRSIG, dns.rdatatype.NSEC}
            types = " ".join(dns.rdatatype.to_text(t) for t in sorted(here))
            after = dns.name.Name((b"\0",) + name.labels)
            response.authority = [
                dns.rrset.from_text(zone, 1, "IN", "SOA", "ns. hostmaster. 1 60 60 3600 1"),
                dns.rrset.from_text(name, 1, "IN", "NSEC", f"{after} {types}")]
        else:
            response.authority = []
        for section in (response.answer, response.authority):
            for rrset in list(section):
                owner = next((z for z in self._keys if rrset.name.is_subdomain(z)), None)
                if owner is not None:
                    section.append(self._signature(rrset, owner))

    def _signature(self, rrset, zone):
        private, dnskey = self._keys[zone]
        now = datetime.datetime.now(datetime.timezone.utc)
        rrsig = dns.dnssec.sign(rrset, private, zone, dnskey, inception=now - datetime.timedelta(hours=1),
                                expiration=now + datetime.timedelta(days=1))
        return dns.rrset.from_rdata(rrset.name, rrset.ttl, rrsig)


class _Udp(socketserver.UDPServer):
    max_packet_size = 65535


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def _bind_both(owner, address, port):
    """The same port for UDP and TCP; with port 0, tried until one is free for both."""

    class UdpHandler(socketserver.BaseRequestHandler):
        def handle(self):
            data, sock = self.request
            reply = owner.answer(data, "udp")
            if reply is not None:
                sock.sendto(reply, self.client_address)

    class TcpHandler(socketserver.StreamRequestHandler):
        def handle(self):
            while len(size := self.rfile.read(2)) == 2:
                reply = owner.answer(self.rfile.read(struct.unpack("!H", size)[0]), "tcp")
                if reply is None:
                    return
                self.wfile.write(struct.pack("!H", len(reply)) + reply)

    for _ in range(50):
        udp = _Udp((address, port), UdpHandler)
        try:
            return udp, _Tcp(udp.server_address, TcpHandler)
        except OSError:
            udp.server_close()
            if port:
                raise
    raise OSError("no port is free for UDP and TCP")


def query(server, name, rdtype, tcp=False, timeout=2.0):
    """One question, for tests of the server itself."""
    import dns.query

    ask = dns.query.tcp if tcp else dns.query.udp
    message = dns.message.make_query(name, rdtype)
    return ask(message, server.address, port=server.port, timeout=timeout)


__all__ = ["DnsServer", "DROP", "TRUNCATE", "SERVFAIL", "NXDOMAIN", "query"]
