// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The message before its commit, shown to the site's own content filters.
#include <algorithm>

#include "inbound/session.hpp"

namespace cas::inbound {

bool Session::is_filtered() const {
  return services_.filters != nullptr && services_.filters->look_at(origin());
}

net::Task<std::optional<smtp::Reply>> Session::filter(IncomingMessage& message) {
  // What was committed before is answered with 250, whatever a filter would say of it now (CAS §10.2).
  if (std::ranges::all_of(work_.admitted, &Admitted::swallowed)) co_return std::nullopt;
  FilterRequest request;
  request.client = stream_.peer().address;
  request.client_port = stream_.peer().port;
  request.helo = protocol_.helo();
  request.user = protocol_.user().value_or("");
  request.from = protocol_.mail()->from;
  for (const auto& admitted : work_.admitted) request.recipients.push_back(admitted.address);
  request.id = work_.arrival->id();
  request.trace = trace_;
  const std::size_t header = std::max<std::size_t>(message.header_size(), 2) - 2;  // without the empty line
  request.header = message.kept().substr(0, header);
  request.body = message.kept().substr(message.header_size());
  auto findings = co_await services_.filters->run(request, origin());
  if (findings.refusal) co_return std::move(findings.refusal);
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) {
    if (findings.apart[n]) work_.admitted[n].quarantined = true;
  }
  if (!findings.changed) co_return std::nullopt;
  const auto replaced = message.replace(request.header, request.body);
  if (!replaced) co_return smtp::reply_for(replaced.error());
  co_return std::nullopt;
}

}  // namespace cas::inbound
