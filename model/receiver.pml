/* SPDX-FileCopyrightText: The CAS authors
   SPDX-License-Identifier: Apache-2.0

   A receiver: the SMTP session with its transaction (CAS §5, §8), the commit (CAS §10.2), recovery (CAS §10.4), and delivery
   out of the queue. */

inline release(h) {
  d_step {
    if
    :: reserved && row[ci] == RESERVED && holder[ci] == h -> row[ci] = ABSENT; lease[ci] = false
    :: else
    fi;
    reserved = false
  }
}

inline end_transaction(h) {
  release(h);
  d_step { mail = false; cas = false; asked = false; accepted = false; swallow = false; held = false; ci = 0; cm = 0; genuine = false }
}

/* CAS §5.4: as RSET. `poisoned` is what a peer may conclude. */
inline fail_confirm(h, reply) {
  say(h, CONFIRM, reply);
#ifdef M_TWO_REPLIES
  say(h, CONFIRM, reply);
#endif
#ifdef M_NO_POISON
  release(h); cas = false;
#else
  end_transaction(h);
#endif
  poisoned = true
}

inline on_confirm(h) {
  if
  :: !mail || cas || asked -> fail_confirm(h, SEQUENCE)
#ifndef M_UNVERIFIED
  :: mail && !cas && !asked && !good -> fail_confirm(h, REFUSED); SEEN(0, "CONFIRM failed")
  :: mail && !cas && !asked && good ->
#else
  :: mail && !cas && !asked ->
#endif
    d_step {
      verdict = OK;
      if
      :: row[i] == COMMITTED && row_m[i] != m -> verdict = REFUSED
      :: row[i] == COMMITTED && row_m[i] == m -> SEEN(1, "COMMITTED before")
      :: row[i] != COMMITTED && when < date -> verdict = EXPIRED
      :: else
      fi;
#ifdef M_OTHER_CONTENT_SWALLOWED
      if
      :: verdict == REFUSED -> verdict = OK
      :: else
      fi;
#endif
#ifdef M_EXPIRED_IS_FINAL
      if
      :: when < date -> verdict = REFUSED
      :: else
      fi;
#endif
#ifndef M_LEDGER_DOWN_IS_ABSENT
      if
      :: !ledger_up -> verdict = LATER; SEEN(2, "ledger down at CONFIRM")
      :: else
      fi
#endif
    };
    if
    :: verdict == OK -> d_step { cas = true; ci = i; cm = m; genuine = good }; say(h, CONFIRM, OK)
    :: else -> fail_confirm(h, verdict)
    fi
  fi
}

/* CAS §5.7 */
inline on_reset(h) {
  if
#ifdef M_RSET_KEEPS
  :: v == RSET -> mail = false; asked = false; accepted = false
#endif
#ifdef M_EHLO_KEEPS
  :: v == EHLO -> mail = false; asked = false; accepted = false
#endif
#ifdef M_STARTTLS_KEEPS
  :: v == STARTTLS -> mail = false; asked = false; accepted = false
#endif
#ifdef M_RSET_KEEPS_THE_LEASE
  :: v == RSET -> reserved = false; end_transaction(h)
#endif
  :: else -> end_transaction(h)
  fi;
  say(h, v, OK)
}

/* A recipient in a transaction with CAS: the ledger, then the owner's wish (CAS §8.2). */
inline judge_recipient(h) {
  d_step {
    verdict = CONFIRMED;
    if
#if defined(M_SWALLOWS_WITHOUT_LOOKING) || defined(M_OTHER_CONTENT_SWALLOWED)
    :: row[ci] == COMMITTED -> swallow = true
#else
#ifndef M_NO_LEDGER
    :: row[ci] == COMMITTED && row_m[ci] == cm -> swallow = true
    :: row[ci] == COMMITTED && row_m[ci] != cm -> verdict = REFUSED; SEEN(23, "another message since CONFIRM")
#endif
#endif
#ifdef M_RESERVED_IS_COMMITTED
    :: row[ci] == RESERVED && lease[ci] && holder[ci] != h -> swallow = true
#else
    :: row[ci] == RESERVED && lease[ci] && holder[ci] != h -> verdict = LATER; SEEN(3, "reserved elsewhere")
#endif
#ifdef M_LEASE_FOR_EVER
    :: row[ci] == RESERVED && !lease[ci] -> verdict = LATER
    :: row[ci] == ABSENT || row[ci] == RESERVED && lease[ci] && holder[ci] == h ->
#else
    :: else ->
#endif
      row[ci] = RESERVED; holder[ci] = h; lease[ci] = true; reserved = true;
      if
      :: screener == DEFER && !approved -> verdict = PENDING; SEEN(4, "pending")
      :: screener == HOLD && !approved -> verdict = HELD; held = true; SEEN(5, "held")
      :: else
      fi
    fi;
#ifndef M_LEDGER_DOWN_IS_ABSENT
    if
    :: !ledger_up -> verdict = LATER; swallow = false; held = false
    :: else
    fi;
#endif
    HOLDS(I8, ledger_up || (verdict != CONFIRMED && verdict != HELD))
  };
  if
  :: verdict == LATER || verdict == PENDING -> release(h)
  :: else
  fi
}

inline on_rcpt(h) {
  if
  :: !mail -> say(h, RCPT, SEQUENCE)
  :: mail && cas -> judge_recipient(h); HOLDS(I6, confirm_in_transaction)
  :: mail && !cas && exempt -> verdict = EXEMPT
#ifdef M_REQUIRED_NOT_ENFORCED
  :: mail && !cas && !exempt -> verdict = PLAIN
#else
  :: mail && !cas && !exempt && required -> verdict = REFUSED; SEEN(6, "refused at required")
  :: mail && !cas && !exempt && !required -> verdict = PLAIN
#endif
  fi;
  if
  :: mail ->
    d_step {
      asked = true;
      accepted = accepted || verdict == CONFIRMED || verdict == HELD || verdict == EXEMPT || verdict == PLAIN;
      HOLDS(I4, !(poisoned && accepted))
    };
    say(h, RCPT, verdict)
  :: else
  fi
}

/* Mail without CONFIRM is stored and delivered in one step: nothing of CAS is in it. */
inline take_plain(h) {
  d_step {
    HOLDS(I1, exempt || !required);
    delivered[m]++;
    SEEN(7, "delivered without CONFIRM")
  };
  say(h, BODY, QUEUED)
}

/* CAS §10.2: the message is durable, then the ledger, then 250; a crash may come in between. */
inline keep(h) {
  d_step { copy[h] = KEPT; copy_m[h] = m; copy_i[h] = ci; copy_held[h] = held;
#ifndef M_NO_DIGEST
           HOLDS(I1, m == cm);
#endif
           HOLDS(I1, genuine && m == cm) }
}

inline settle(h) {
  if
#ifndef M_LEDGER_DOWN_IS_ABSENT
  :: !ledger_up -> copy[h] = NONE; verdict = LATER; SEEN(8, "ledger down at the commit")
  :: ledger_up ->
#else
  :: true ->
#endif
#ifdef M_NO_LEDGER
    d_step { row[ci] = COMMITTED; row_m[ci] = cm; row_owner[ci] = h; commits[ci]++; HOLDS(I3, commits[ci] <= 1) };
    verdict = QUEUED
#else
    create_if_absent(h, ci, cm, made);
    if
    :: made -> verdict = QUEUED; SEEN(9, "committed")
    :: !made && row_m[ci] == cm -> copy[h] = NONE; verdict = QUEUED; SEEN(10, "another host was first");
      HOLDS(I10, TAKEN(cm))
    :: !made && row_m[ci] != cm -> copy[h] = NONE; verdict = REFUSED
    fi
#endif
  fi
}

inline commit(h) {
#ifdef M_250_BEFORE_DURABLE
  say(h, BODY, QUEUED);
  crash_here(h);
  keep(h);
  settle(h);
#else
#ifdef M_LEDGER_FIRST
  settle(h);
  crash_here(h);
  if
  :: made -> keep(h)
  :: else
  fi;
  say(h, BODY, verdict);
#else
  keep(h);
  crash_here(h);
  settle(h);
  crash_here(h);
  say(h, BODY, verdict);
#endif
#endif
}

inline on_body(h) {
  if
  :: !cas -> take_plain(h)
#ifndef M_NO_DIGEST
  :: cas && m != cm -> say(h, BODY, REFUSED); SEEN(11, "other content than was signed")
  :: cas && m == cm && swallow ->
#else
  :: cas && swallow ->
#endif
    HOLDS(I10, TAKEN(m)); SEEN(12, "swallowed"); say(h, BODY, QUEUED)
#ifndef M_NO_DIGEST
  :: cas && m == cm && !swallow -> commit(h)
#else
  :: cas && !swallow -> commit(h)
#endif
  fi;
  end_transaction(h)
}

inline crash_here(h) {
  if
  :: atomic { crashes > 0 -> crashes--; goto crashed }
  :: true
  fi
}

/* After a crash: copies that no row speaks for (CAS §10.4). */
inline recover(h) {
  if
#ifdef M_RECOVERY_DROPS
  :: copy[h] == KEPT -> copy[h] = NONE
#endif
#ifdef M_RECOVERY_TRUSTS_ITSELF
  :: copy[h] == KEPT && !(row[copy_i[h]] == COMMITTED && row_owner[copy_i[h]] == h) ->
    d_step { delivered[copy_m[h]]++; copy[h] = DELIVERED; HOLDS(I3, delivered[1] <= 1) }
#else
  :: copy[h] == KEPT && !(row[copy_i[h]] == COMMITTED && row_owner[copy_i[h]] == h) ->
    ledger_up;
    create_if_absent(h, copy_i[h], copy_m[h], made);
    if
    :: made -> SEEN(13, "recovered, and committed then")
    :: else -> copy[h] = NONE; SEEN(14, "recovered, and dropped")
    fi
#endif
  :: else
  fi
}

/* Old values must not make two states of one. */
inline forget() { d_step { v = 0; i = 0; m = 0; when = 0; good = false; verdict = 0; made = false } }

proctype Session(byte h) {
  mtype:verbs v;
  mtype:codes verdict;
  byte i, m, when, ci, cm;
  bool good, mail, cas, asked, accepted, swallow, held, reserved, made, genuine;
  bool poisoned, confirm_in_transaction; /* ghosts */

end_idle:
  do
  :: atomic { commands[h] ? v, i, m, good, when ->
    if
    :: v == MAIL && mail -> say(h, MAIL, SEQUENCE)
    :: v == MAIL && !mail -> mail = true; poisoned = false; confirm_in_transaction = false; say(h, MAIL, OK)
    :: v == CONFIRM -> confirm_in_transaction = true; on_confirm(h)
    :: v == RCPT -> on_rcpt(h)
    :: v == DATA && accepted -> HOLDS(I4, !poisoned); say(h, DATA, GO)
    :: v == DATA && !accepted -> say(h, DATA, SEQUENCE)
    :: v == BODY -> goto body
    :: v == RSET || v == EHLO || v == STARTTLS -> on_reset(h)
    fi;
    forget() }
  :: atomic { gone[h] && empty(commands[h]) -> end_transaction(h); gone[h] = false; busy[h] = false }
  :: atomic { crashes > 0 && busy[h] -> crashes--; goto crashed }
  od;

body: /* not in one step: others go on meanwhile */
  on_body(h);
  forget();
  goto end_idle;

crashed:
  atomic {
    SEEN(15, "a receiver crashed");
    lost[h] = true; gone[h] = true;
    if
    :: reserved && row[ci] == RESERVED && holder[ci] == h -> lease[ci] = false /* it runs out */
    :: else
    fi;
    d_step { mail = false; cas = false; asked = false; accepted = false; swallow = false; held = false; reserved = false; ci = 0; cm = 0;
             genuine = false; poisoned = false; confirm_in_transaction = false };
    forget();
    do
    :: commands[h] ? _, _, _, _, _
    :: empty(commands[h]) -> break
    od
  };
  recover(h);
  goto end_idle
}

/* The queue hands out what its row speaks for, and what was held when its owner has approved. */
#if defined(M_NEVER_DELIVERED)
#define MAY_DELIVER(h) false
#elif defined(M_DELIVERY_BEFORE_LEDGER)
#define MAY_DELIVER(h) (copy[h] == KEPT)
#elif defined(M_HELD_IS_DELIVERED)
#define MAY_DELIVER(h) (copy[h] == KEPT && row[copy_i[h]] == COMMITTED && row_owner[copy_i[h]] == h)
#else
#define MAY_DELIVER(h) \
  (copy[h] == KEPT && row[copy_i[h]] == COMMITTED && row_owner[copy_i[h]] == h && (!copy_held[h] || approved))
#endif

proctype Delivery(byte h) {
end:
  do
  :: atomic { MAY_DELIVER(h) ->
       copy[h] = DELIVERED;
       delivered[copy_m[h]]++;
       HOLDS(I1, !copy_held[h] || approved);
       HOLDS(I3, delivered[1] <= 1 || !offered);
       SEEN(16, "delivered, confirmed") }
  od
}
