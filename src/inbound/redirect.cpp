// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The same message under a new id.
#include "inbound/redirect.hpp"

#include "delivery/body_reader.hpp"
#include "inbound/recipient_facts.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

namespace {

using queue::Outcome;

Outcome deferred(const Error& error) {
  Outcome outcome;
  outcome.reply = smtp::Reply(451, smtp::EnhancedCode{4, 3, 0}, error.private_reason);
  outcome.relay = "alias";
  outcome.ours = true;
  return outcome;
}

net::Task<Result<void>> copy_body(queue::Queue& queue, const store::Message& message,
                                  const std::shared_ptr<store::Draft>& draft) {
  delivery::BodyReader reader(queue, message.body);
  for (std::uint64_t copied = 0; copied < message.body_size;) {
    CAS_CO_TRY(std::string chunk, co_await reader.next());
    if (chunk.empty()) co_return transient("the stored body is incomplete");
    copied += chunk.size();
    auto start = [&](auto done) { queue.append(draft, std::move(chunk), std::move(done)); };
    CAS_CO_CHECK(co_await net::completion<Result<void>>(std::move(start)));
  }
  co_return Result<void>();
}

/// What was kept from one inbox is kept from the others: in the folder of a mailbox here, in the queue for elsewhere.
void keep_out(const Directory& directory, queue::NewRecipient& row, const store::Recipient& before) {
  row.screened = before.screened;
  row.held = !directory.has_screener_folder(row.address);
  if (row.held) row.note = in_screener_note;
}

auto noting_who_waits(const store::QueueId& id, const store::Recipient& before, std::size_t copies) {
  return [=](store::Tx& tx, const store::Message& message, const store::Recipient& copy) {
    return registry::Relationships::wait_elsewhere(
        tx, {.id = id, .recipient = before, .is_last = copy.index + 1 == copies}, message, copy);
  };
}

queue::NewMessage copy_of(const Services& services, const queue::Job& job, const store::Recipient& recipient,
                          const std::vector<Mailbox>& targets) {
  queue::NewMessage copy{.message = job.message, .small_body = {}, .recipients = {}};
  copy.message.id.clear();
  copy.message.body = 0;
  // What came in by SMTP has a trace, and may be of anybody.
  const bool stays = targets.front() == recipient.address;
  if (!stays && !copy.message.prefix.empty() && copy.message.user.empty()) copy.message.forwarded_as = ReversePath();
  for (const auto& target : targets) {
    const bool here = services.directory.is_local(target);
    copy.recipients.push_back(queue::NewRecipient{.address = target,
                                                  .route = here ? store::Route::Local : store::Route::Remote,
                                                  .quarantined = recipient.quarantined,
                                                  .ledgers = {},
                                                  .notify = recipient.notify,
                                                  .orcpt = recipient.orcpt});
    if (!recipient.screened.empty()) keep_out(services.directory, copy.recipients.back(), recipient);
  }
  if (!recipient.screened.empty()) copy.alongside = noting_who_waits(job.message.id, recipient, targets.size());
  return copy;
}

net::Task<Outcome> queue_again(const Services& services, const queue::Job& job, const store::Recipient& recipient,
                               const std::vector<Mailbox>& targets) {
  auto copy = copy_of(services, job, recipient, targets);
  auto draft = services.queue.draft();
  const auto copied = co_await copy_body(services.queue, job.message, draft);
  if (!copied) co_return deferred(copied.error());
  copy.draft = std::move(draft);
  auto start = [&](auto done) { services.queue.commit(std::move(copy), std::move(done)); };
  const auto committed = co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
  if (!committed) co_return deferred(committed.error());
  Outcome outcome;
  outcome.kind = Outcome::Kind::Delivered;
  outcome.reply = smtp::Reply(250, smtp::EnhancedCode{2, 0, 0}, "queued anew as " + committed->id);
  outcome.relay = "alias";
  outcome.handover = queue::Handover::PassedOn;
  co_return outcome;
}

}  // namespace

net::Task<std::optional<Outcome>> redirect(const Services& services, const queue::Job& job,
                                           const store::Recipient& recipient) {
  const auto stays = co_await services.recipients.has_mailbox(recipient.address);
  if (!stays) co_return deferred(stays.error());
  if (*stays) co_return std::nullopt;
  const auto resolved = co_await services.recipients.resolve(recipient.address);
  if (!resolved) co_return deferred(resolved.error());
  if (!resolved->known() || resolved->targets.front() == recipient.address) co_return std::nullopt;
  co_return co_await queue_again(services, job, recipient, resolved->targets);
}

net::Task<std::vector<std::optional<Outcome>>> before_backend(const Services& services, const queue::Job& job) {
  std::vector<std::optional<Outcome>> outcomes(job.recipients.size());
  for (std::size_t n = 0; n < outcomes.size(); ++n) {
    const auto& recipient = job.recipients[n];
    if (!recipient.screened.empty()) {
      const std::vector<Mailbox> itself{recipient.address};
      outcomes[n] = co_await queue_again(services, job, recipient, itself);
    } else if (job.message.sender.is_null() && outcomes.size() == 1) {
      outcomes[n] = co_await redirect(services, job, recipient);
    }
  }
  co_return outcomes;
}

}  // namespace cas::inbound
