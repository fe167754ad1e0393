// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One step for a name, and steps until there are none.
#include "recipients/recipients.hpp"

#include <algorithm>
#include <set>

#include "base/encoding.hpp"
#include "recipients/alias_file.hpp"

namespace cas::recipients {

namespace {

constexpr std::string_view unanswered = "the mailbox cannot be looked up now";

bool is_same(const Mailbox& a, const Mailbox& b) {
  return a.domain() == b.domain() && iequals(a.local().value(), b.local().value());
}

std::string name_of(const Mailbox& address) {
  return to_lower(address.local().value()) + '@' + address.domain()->text();
}

}  // namespace

/// What one name comes to: the mailbox of its own, as it is to be spelt, and where it leads besides.
struct Recipients::Step {
  std::optional<Mailbox> mailbox;
  std::vector<Mailbox> onward;
  std::string rule;
  bool by_catch_all = false;
  [[nodiscard]] bool known() const { return mailbox || !onward.empty(); }
};

net::Task<Result<Recipients::Step>> Recipients::look_up(Mailbox address, bool with_catch_all) const {
  const DomainRules& rules = domains_.at(*address.domain());
  const std::string local = to_lower(address.local().value());
  Mailbox itself = address;
  std::string rule;
  CAS_CO_TRY(auto found, co_await rules.source->find(local));

  const auto cut = rules.delimiter.empty() ? std::string::npos : local.find(rules.delimiter, 1);
  if (!found && cut != std::string::npos) {
    CAS_CO_TRY(found, co_await rules.source->find(local.substr(0, cut)));
    if (found) rule = " subaddress";
    if (found && !rules.keeps_subaddress) {
      auto base = LocalPart::from_value(std::string_view(address.local().value()).substr(0, cut));
      if (base) itself = Mailbox(*std::move(base), *address.domain());
    }
  }
  Step step;
  if (found) {
    step.rule = found->rule + rule;
    if (found->mailbox) step.mailbox = std::move(itself);
    step.onward = std::move(found->targets);
    co_return step;
  }
  if (local == "postmaster") {  // RFC 5321 §4.5.1
    step.rule = "postmaster";
    if (rules.postmaster && !is_same(*rules.postmaster, address)) {
      step.onward.push_back(*rules.postmaster);
    } else {
      step.mailbox = std::move(itself);
    }
    co_return step;
  }
  if (!with_catch_all) co_return step;
  step.by_catch_all = true;
  if (rules.catch_all) {
    step.rule = "catch-all";
    step.onward.push_back(*rules.catch_all);
  } else if (auto others = rules.source->catch_all()) {
    step.rule = "catch-all " + others->rule;
    step.onward = std::move(others->targets);
  }
  std::erase_if(step.onward, [&](const Mailbox& target) { return is_same(target, address); });
  co_return step;
}

net::Task<Result<Resolution>> Recipients::resolve(Mailbox address) const {
  struct Open {
    Mailbox address;
    std::size_t depth;
    bool with_catch_all;
  };
  Resolution result;
  std::vector<Mailbox> missing;
  std::set<std::string> seen;
  std::vector<Open> open{Open{.address = address, .depth = 0, .with_catch_all = true}};
  const auto add = [](std::vector<Mailbox>& to, Mailbox target) {
    const auto same = [&](const Mailbox& other) { return is_same(other, target); };
    if (std::ranges::none_of(to, same)) to.push_back(std::move(target));
  };
  while (!open.empty() && result.targets.size() <= max_targets) {
    const Open next = std::move(open.back());
    open.pop_back();
    if (!next.address.domain() || !domains_.contains(*next.address.domain())) {
      add(result.targets, next.address);
      continue;
    }
    if (!seen.insert(name_of(next.address)).second) continue;
    if (next.depth > max_depth || seen.size() > max_targets * max_depth) {
      co_return transient(std::string(unanswered), address.wire() + " leads over too many aliases");
    }
    CAS_CO_TRY(auto step, co_await look_up(next.address, next.with_catch_all));
    if (next.depth == 0) result.rule = step.rule;
    if (!step.known()) {
      add(missing, next.address);
      continue;
    }
    if (step.mailbox) add(result.targets, *step.mailbox);
    for (auto& target : step.onward) {
      open.insert(open.begin(), Open{.address = std::move(target),
                                     .depth = next.depth + 1,
                                     .with_catch_all = next.with_catch_all && !step.by_catch_all});
    }
  }
  if (result.targets.size() > max_targets) {
    co_return transient(std::string(unanswered), address.wire() + " leads to too many addresses");
  }
  if (result.targets.empty() && missing.empty()) {
    co_return transient(std::string(unanswered), address.wire() + " leads back to itself");
  }
  if (!result.targets.empty()) {
    for (auto& target : missing) add(result.targets, std::move(target));
  }
  co_return result;
}

net::Task<Result<bool>> Recipients::has_mailbox(Mailbox address) const {
  if (!address.domain() || !domains_.contains(*address.domain())) co_return false;
  CAS_CO_TRY(const auto step, co_await look_up(std::move(address), false));
  co_return step.mailbox.has_value();
}

}  // namespace cas::recipients
