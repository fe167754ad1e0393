// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who sends a message from outside: asked from MAIL on, judged at its end, told in Authentication-Results.
#include <algorithm>
#include <iterator>

#include "inbound/judging.hpp"
#include "inbound/session.hpp"
#include "net/inquiry.hpp"

namespace cas::inbound {

void Session::begin_authentication(const ReversePath& from) {
  auth::SpfQuery query;
  if (const auto address = IpAddress::parse(stream_.peer().address)) query.ip = *address;
  query.helo = protocol_.helo();
  query.mail_from = from.is_null() ? std::string() : from.mailbox()->wire();
  query.receiver = services_.host.text();
  query.now = to_unix(services_.clock.now());
  work_.authentication = std::make_unique<Authentication>(services_.resolver, services_.dkim_keys, background_,
                                                          underway_, std::move(query));
}

// What is found. A reply: it cannot be found any more.
net::Task<std::optional<smtp::Reply>> Session::authenticate(const IncomingMessage& message) {
  const bool matters = std::ranges::any_of(work_.admitted, [this](const auto& admitted) { return hangs_on(admitted); });
  const milliseconds patience = matters ? net::inquiry_time : patience_for_reports;
  work_.outcomes = co_await work_.authentication->outcomes(message, patience);
  // Cut off while it waited: nothing was found out, and nobody would hear that the message was taken.
  const bool stopping = co_await net::is_cancelled();
  if (stopping) co_return smtp::Reply(421, smtp::EnhancedCode{4, 3, 2}, "going down, try again later");
  co_return std::nullopt;
}

bool Session::hangs_on(const Admitted& admitted) const {
  return hangs_on_authentication(work_.status, admitted.verdict);
}

// What those recipients do whose domains act on what was found.
std::optional<smtp::Reply> Session::enforce(const IncomingMessage& message) {
  const auto& from = protocol_.mail()->from;
  const auto verdict = judge_outcomes(services_, *work_.outcomes, from.is_null(), message.from_a_list());
  std::vector<policy::Enforcement> modes;
  modes.reserve(work_.admitted.size());
  for (const auto& admitted : work_.admitted) {
    const auto* domain = services_.directory.find(*admitted.address.domain());
    const bool acts = domain != nullptr && hangs_on(admitted) && admitted.fate != policy::Fate::Aside;
    modes.push_back(acts ? domain->authentication : policy::Enforcement::Observe);
  }
  const auto handling = policy::handle_recipients(verdict, modes);
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) {
    if (handling.recipients[n] == policy::Disposition::Quarantine) work_.admitted[n].quarantined = true;
  }
  tell_authentication(verdict, handling);
  note_authentication(verdict, handling, modes);
  return handling.reply;
}

void Session::tell_authentication(const policy::AuthenticationVerdict& verdict,
                                  const policy::Handling& handling) const {
  EventFields fields{
      {"client", stream_.peer().text()}, {"helo", protocol_.helo()}, {"from", protocol_.mail()->from.path()}};
  std::ranges::move(authentication_event(*work_.outcomes, verdict, handling), std::back_inserter(fields));
  event("authentication", std::move(fields));
}

std::string Session::authentication_fields(const IncomingMessage& message) const {
  const auto* outcomes = work_.outcomes ? &*work_.outcomes : nullptr;
  const auto* query = work_.authentication ? &work_.authentication->spf_query() : nullptr;
  return inbound::authentication_fields(services_, confirmation_result(message), outcomes, query,
                                        protocol_.mail()->from.is_null(), stream_.peer().address);
}

// CAS §16: cas=pass for what was confirmed. Whatever else was found never makes it "confirmed"; nor is a copy that some
// get as ordinary mail, where only others trust the forwarder.
auth::MethodResult Session::confirmation_result(const IncomingMessage& message) const {
  const bool pass = work_.status == policy::IntentStatus::Valid ||
                    std::ranges::all_of(work_.admitted, [](const auto& r) { return policy::intent_counts(r.facts); });
  const auto admission = work_.admitted.front().verdict.admission;
  const bool alike =
      std::ranges::all_of(work_.admitted, [&](const auto& r) { return r.verdict.admission == admission; });
  return inbound::confirmation_result(pass, alike ? std::optional(admission) : std::nullopt, message.facts().author(),
                                      protocol_.mail()->from);
}

}  // namespace cas::inbound
