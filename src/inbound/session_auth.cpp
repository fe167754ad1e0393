// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who submits: passwords and SCRAM against the accounts, a bound on guessing, and as whom he may write. What a client
// hears never depends on whether there is such an account.
#include "base/encoding.hpp"
#include "inbound/session.hpp"

namespace cas::inbound {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

// RFC 4954 §6
Reply later() {
  return {454, EnhancedCode{4, 7, 0}, "temporary authentication failure"};
}

Reply invalid() {
  return {535, EnhancedCode{5, 7, 8}, "authentication credentials invalid"};
}

std::string_view word(policy::AuthLock lock) {
  return lock == policy::AuthLock::Network ? "locked-network" : "locked-account";
}

}  // namespace

net::Task<Reply> Session::on_auth(smtp::AskAuth ask) {
  if (!ask.authzid.empty() && ask.authzid != ask.authcid) {
    tell_auth(ask.authcid, ask.mechanism, "authzid-refused");
    co_return Reply(535, EnhancedCode{5, 7, 8}, "you may only act as yourself");
  }
  if (auto refusal = refuse_guess(ask.authcid, ask.mechanism)) co_return *std::move(refusal);
  // Argon2id takes its time on purpose: on a worker, and not on those that mail waits for.
  auto check = [this, &ask]() -> Result<registry::AccountPtr> {
    return services_.accounts.verify(ask.authcid, ask.password);
  };
  auto account = co_await services_.password_workers.run<registry::AccountPtr>(std::move(check));
  if (!account) {
    tell_auth(ask.authcid, ask.mechanism, "busy");
    co_return later();
  }
  if (*account == nullptr) co_return auth_failed(ask.authcid, ask.mechanism);
  co_return logged_in(*std::move(account), ask.mechanism);
}

smtp::Step Session::on_sasl(const smtp::AskSasl& ask) {
  if (ask.first) {
    auto find = [this](const std::string& name) {
      scram_verifier_ = services_.accounts.scram_of(name);
      return *scram_verifier_;
    };
    const bool plus = ask.mechanism.ends_with("-PLUS");
    scram_ = std::make_unique<registry::ScramExchange>(std::move(find), plus, tls_exporter_);
  }
  if (!scram_) throw std::logic_error("an exchange that did not begin");
  const bool named = !scram_->name().empty();
  // Many may have begun while nothing was counted: asked again before the proof is looked at.
  if (named) {
    if (auto refusal = refuse_guess(scram_->name(), ask.mechanism)) {
      scram_.reset();
      return protocol_.on_answer(*std::move(refusal));
    }
  }
  const auto outcome = scram_->step(ask.response);
  const std::string user = scram_->name();
  if (const auto* challenge = std::get_if<registry::ScramExchange::Challenge>(&outcome)) {
    if (!named && !user.empty()) {
      if (auto refusal = refuse_guess(user, ask.mechanism)) return protocol_.on_answer(*std::move(refusal));
    }
    return protocol_.on_challenge(challenge->message);
  }
  if (const auto* done = std::get_if<registry::ScramExchange::Done>(&outcome))
    return scram_done(ask.mechanism, done->authzid);
  scram_.reset();
  switch (std::get<registry::ScramExchange::Failed>(outcome)) {
    case registry::ScramExchange::Failed::Wrong: return protocol_.on_answer(auth_failed(user, ask.mechanism));
    case registry::ScramExchange::Failed::Malformed:
      tell_auth(user, ask.mechanism, "malformed");
      return protocol_.on_answer(Reply(535, EnhancedCode{5, 5, 2}, "that is no SCRAM-SHA-256 message"));
    case registry::ScramExchange::Failed::Internal: break;
  }
  tell_auth(user, ask.mechanism, "failed");
  return protocol_.on_answer(later());
}

smtp::Step Session::scram_done(std::string_view mechanism, const std::string& authzid) {
  const auto exchange = std::exchange(scram_, nullptr);
  const std::string user = exchange->name();
  if (!authzid.empty() && authzid != user) {
    tell_auth(user, mechanism, "authzid-refused");
    return protocol_.on_answer(Reply(535, EnhancedCode{5, 7, 8}, "you may only act as yourself"));
  }
  auto account = services_.accounts.whose(user, *scram_verifier_);
  if (!account) return protocol_.on_answer(auth_failed(user, mechanism));  // changed meanwhile
  return protocol_.on_authenticated(user, logged_in(std::move(account), mechanism));
}

// Whatever the password: it is not looked at.
std::optional<Reply> Session::refuse_guess(const std::string& user, std::string_view mechanism) const {
  const auto lock = services_.auth_throttle.lock_of(user, stream_.peer().address, services_.clock.now());
  if (lock == policy::AuthLock::None) return std::nullopt;
  tell_auth(user, mechanism, word(lock));
  return Reply(454, EnhancedCode{4, 7, 0}, "too many failed authentications, try again later");
}

Reply Session::auth_failed(const std::string& user, std::string_view mechanism) {
  services_.auth_throttle.count_failure(user, stream_.peer().address, services_.clock.now());
  tell_auth(user, mechanism, "wrong");
  return invalid();
}

Reply Session::logged_in(registry::AccountPtr account, std::string_view mechanism) {
  services_.auth_throttle.count_success(account->name, stream_.peer().address, services_.clock.now());
  tell_auth(account->name, mechanism, "ok");
  login_ = std::move(account);
  return {235, EnhancedCode{2, 7, 0}, "authentication succeeded"};
}

void Session::tell_auth(const std::string& user, std::string_view mechanism, std::string_view result) const {
  event("auth",
        {{"user", user},
         {"mechanism", std::string(mechanism)},
         {"result", std::string(result)},
         {"client", stream_.peer().text()}},
        result == "ok" ? Level::Info : Level::Warning);
}

// Removed, disabled, or the password is another: he who comes back has to show it.
std::optional<Reply> Session::login_is_over() const {
  if (!login_ || services_.accounts.is_in_force(*login_)) return std::nullopt;
  event("login-ended", {{"user", login_->name}, {"client", stream_.peer().text()}}, Level::Warning);
  return Reply(421, EnhancedCode{4, 7, 0}, "this account has changed, log in again");
}

// What the account may write as, where it is ours still; a user of this system is also USER@HOST.
std::vector<policy::SendAs> Session::own_addresses() const {
  const std::string user = protocol_.user().value_or("");
  std::vector<policy::SendAs> rights;
  if (const auto account = services_.accounts.find(user); account && !account->disabled) {
    for (const auto& right : account->send_as) {
      if (right.domain() != nullptr && services_.directory.find(*right.domain()) != nullptr) rights.push_back(right);
    }
  }
  if (!options_.local_users) return rights;
  if (auto local = LocalPart::from_value(user)) rights.emplace_back(Mailbox(*std::move(local), services_.host));
  return rights;
}

}  // namespace cas::inbound
