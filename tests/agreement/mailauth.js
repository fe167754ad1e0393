// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// mailauth's side: signs, seals and verifies, evaluates SPF, with a zone that comes with the job. One job a line, one
// answer a line.
'use strict';

const readline = require('node:readline');
const { dkimSign, dkimVerify, arc, sealMessage, spf } = require('mailauth');

console.log = () => {}; // it talks while it works

const fail = code => Object.assign(new Error(code), { code });

// Records as node:dns gives them.
const shape = {
    TXT: text => [text],
    MX: text => ({ priority: Number(text.split(' ')[0]), exchange: text.split(' ')[1] })
};
const resolverOf = zone => async (name, type) => {
    const node = zone[name.toLowerCase().replace(/\.$/, '')];
    if (node === undefined) throw fail('ENOTFOUND');
    if (typeof node === 'string') throw fail('ESERVFAIL');
    if (!node[type]) throw fail('ENODATA');
    return node[type].map(shape[type] || (text => text));
};

const octets = text => Buffer.from(text, 'base64');
const wire = text => {
    const message = octets(text);
    return message.subarray(-2).toString() === '\r\n' ? message : Buffer.concat([message, Buffer.from('\r\n')]);
};

const jobs = {
    async verify(job) {
        const options = { resolver: resolverOf(job.zone), curTime: new Date(job.now * 1000) };
        const found = await dkimVerify(wire(job.message), options);
        const passed = found.results.filter(one => one.status.result === 'pass').map(one => one.selector);
        const all = found.results.map(one => `${one.selector}: ${one.status.result} ${one.status.comment || ''}`);
        const sealed = await arc(found.arc, options);
        return { passed, all, arc: sealed.status.result, arc_reason: sealed.status.comment || '' };
    },
    async sign(job) {
        const made = await dkimSign(octets(job.message), {
            canonicalization: job.c,
            algorithm: job.ed25519 ? 'ed25519-sha256' : 'rsa-sha256',
            signTime: job.t === undefined ? undefined : new Date(job.t * 1000),
            expires: job.x === undefined ? undefined : new Date(job.x * 1000),
            headerList: job.headers,
            signatureData: [{ signingDomain: job.domain, selector: job.selector, privateKey: job.key, maxBodyLength: job.l }]
        });
        if (made.errors.length) throw made.errors[0].err;
        return { fields: Buffer.from(made.signatures).toString('base64') };
    },
    async seal(job) {
        const fields = await sealMessage(octets(job.message), {
            signingDomain: job.domain,
            selector: job.selector,
            privateKey: job.key,
            authResults: job.results,
            cv: job.chain,
            signTime: new Date(job.t * 1000)
        });
        return { fields: Buffer.from(fields).toString('base64') };
    },
    async spf(job) {
        const found = await spf({
            sender: job.from || `postmaster@${job.helo}`, ip: job.ip, helo: job.helo, mta: 'mx.receiver.example',
            resolver: resolverOf(job.zone)
        });
        return { result: found.status.result, reason: found.status.comment || '' };
    }
};

(async () => {
    for await (const line of readline.createInterface({ input: process.stdin })) {
        let answer;
        try {
            const job = JSON.parse(line);
            answer = await jobs[job.do](job);
        } catch (error) {
            answer = { error: String(error.message) };
        }
        process.stdout.write(JSON.stringify(answer) + '\n');
    }
})();
