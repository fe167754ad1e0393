// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Maildir deliveries of a job.
#include "inbound/local_delivery.hpp"

#include "delivery/body_reader.hpp"
#include "inbound/maildir.hpp"
#include "message/trace_fields.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

namespace {

using queue::Outcome;

Outcome outcome(Outcome::Kind kind, int code, smtp::EnhancedCode enhanced, std::string text) {
  Outcome result;
  result.kind = kind;
  result.reply = smtp::Reply(code, enhanced, std::move(text));
  result.relay = "maildir";
  return result;
}

Outcome deferred(const Error& error) {
  return outcome(Outcome::Kind::Deferred, 451, smtp::EnhancedCode{4, 2, 0}, error.private_reason);
}

// Maildir++'s name of the folder that mail programs show as "Junk" (RFC 6154).
constexpr std::string_view junk_folder = ".Junk";

std::string_view folder_of(const store::Recipient& recipient) {
  if (recipient.quarantined) return junk_folder;
  return recipient.screened.empty() ? std::string_view() : screener_folder;
}

}  // namespace

// TIME.ID_RECIPIENT.HOST: the same for every try of this delivery.
std::string maildir_file_name(UnixTime arrived, const store::QueueId& id, std::uint32_t index, const Domain& host) {
  const auto seconds = arrived.time_since_epoch().count();
  return std::to_string(seconds) + "." + id + "_" + std::to_string(index) + "." + host.text();
}

net::Task<std::vector<Outcome>> LocalDelivery::attempt(const queue::Job& job) {
  std::vector<Outcome> outcomes;
  for (const auto& recipient : job.recipients) {
    auto result = co_await deliver(job, recipient);
    outcomes.push_back(std::move(result));
  }
  co_return outcomes;
}

net::Task<Outcome> LocalDelivery::deliver(const queue::Job& job, const store::Recipient& recipient) {
  const auto exists = co_await services_.recipients.has_mailbox(recipient.address);
  if (!exists) co_return deferred(exists.error());
  if (!*exists) co_return outcome(Outcome::Kind::Failed, 550, smtp::EnhancedCode{5, 1, 1}, "no such user");
  auto file = std::make_unique<MaildirFile>(
      services_.directory.maildir(recipient.address),
      maildir_file_name(to_unix(job.message.arrived), job.message.id, recipient.index, services_.host),
      folder_of(recipient));
  auto result = co_await write(job, job.recovered || recipient.attempts > 0, *file);
  const std::string_view folder = folder_of(recipient);
  if (!folder.empty() && result.kind == Outcome::Kind::Delivered) {
    result.relay = "maildir/" + std::string(folder.substr(1));
  }
  // Whatever a failed try leaves is removed by the file's destructor: a file call, so on a worker.
  auto clean_up = [owned = std::move(file)]() mutable { owned.reset(); };
  if (result.kind != Outcome::Kind::Delivered) (void)services_.workers.post(std::move(clean_up));
  co_return result;
}

net::Task<Outcome> LocalDelivery::write(const queue::Job& job, bool tried_before, MaildirFile& file) {
  if (tried_before) {
    auto look = [&file] { return file.exists(); };
    const auto there = co_await services_.workers.run<bool>(std::move(look));
    if (!there) co_return deferred(there.error());
    if (*there) co_return outcome(Outcome::Kind::Delivered, 250, smtp::EnhancedCode{2, 0, 0}, "delivered before");
  }
  const std::string prefix = format_return_path(job.message.sender) + job.message.prefix;
  delivery::BodyReader reader(services_.queue, job.message.body);
  std::uint64_t written = 0;
  bool first = true;
  while (true) {
    const auto chunk = co_await reader.next();
    if (!chunk) co_return deferred(chunk.error());
    written += chunk->size();
    const bool last = written == job.message.body_size;
    if (chunk->empty() && !last) {
      co_return outcome(Outcome::Kind::Deferred, 451, smtp::EnhancedCode{4, 3, 0}, "the stored body is incomplete");
    }
    // A small message costs one trip to a worker: open, write, commit.
    auto step = [&]() -> Result<void> {
      if (first) {
        CAS_CHECK(file.open());
        CAS_CHECK(file.write(prefix));
      }
      CAS_CHECK(file.write(*chunk));
      return last ? file.commit() : Result<void>();
    };
    const auto stepped = co_await services_.workers.run<void>(std::move(step));
    if (!stepped) co_return deferred(stepped.error());
    if (last) break;
    first = false;
  }
  co_return outcome(Outcome::Kind::Delivered, 250, smtp::EnhancedCode{2, 0, 0}, "delivered to mailbox");
}

}  // namespace cas::inbound
