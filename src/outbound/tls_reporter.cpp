// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A look at the clock each minute; at a new day the old one is told.
#include "outbound/tls_reporter.hpp"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <fstream>

#include "base/encoding.hpp"
#include "confirm/digest.hpp"
#include "message/header.hpp"
#include "net/runtime.hpp"
#include "outbound/web_client.hpp"

namespace cas::outbound {

namespace {

constexpr milliseconds between_looks{60000};
constexpr std::size_t largest_file = std::size_t{64} << 20;

confirm::MessageHashes hashes_of(const std::string& message) {
  confirm::MessageHashes hashes;
  const auto fields = parse_header(message);
  if (fields) hashes.header = confirm::header_hash(*fields);
  confirm::BodyHasher body;
  body.update(std::string_view(message).substr(message.find("\r\n\r\n") + 4));
  hashes.body = body.finish();
  return hashes;
}

}  // namespace

TlsReporter::TlsReporter(TlsReporterServices services, TlsReporterOptions options, net::TlsContext tls)
    : services_(std::move(services)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      group_(std::make_unique<net::TaskGroup>(services_.executor)) {
  load();
}

TlsReporter::~TlsReporter() = default;

std::chrono::sys_days TlsReporter::today() const {
  return std::chrono::floor<std::chrono::days>(services_.clock.now());
}

void TlsReporter::add(tlspolicy::SessionResult result) {
  day_.with([&](Day& day) {
    day.counters.add(result);
    day.changed = true;
  });
}

// The first line is the day's number.
void TlsReporter::load() {
  Day day{.date = today(), .counters = {}};
  std::ifstream in(options_.file, std::ios::binary);
  std::int64_t number = 0;
  if (in >> number) {
    in.get();
    std::string text;
    std::error_code fault;
    const auto size = std::filesystem::file_size(options_.file, fault);
    if (!fault) text.resize(std::min<std::size_t>(size, largest_file));
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    day.counters = tlspolicy::DayCounters::load(text);
    const std::chrono::sys_days written{std::chrono::days(number)};
    if (written <= day.date) day.date = written;
  }
  day_.with([&](Day& kept) { kept = std::move(day); });
}

Result<bool> TlsReporter::save() {
  const auto text = day_.with([](Day& day) -> std::string {
    if (!std::exchange(day.changed, false)) return {};
    return std::to_string(day.date.time_since_epoch().count()) + "\n" + day.counters.save();
  });
  if (text.empty()) return true;
  const std::string beside = options_.file.string() + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out || std::rename(beside.c_str(), options_.file.c_str()) != 0) {
    return transient("storage is not available", "cannot write " + options_.file.string());
  }
  return true;
}

void TlsReporter::start() {
  boost::asio::post(services_.executor, [this] { group_->spawn(run()); });
}

net::Task<void> TlsReporter::run() {
  do {
    const auto now = today();
    auto over = day_.with([&](Day& day) -> std::shared_ptr<const Day> {
      if (day.date >= now) return nullptr;
      auto old = std::make_shared<const Day>(std::move(day));
      day = Day{.date = now, .counters = {}, .changed = true};
      return old;
    });
    // Written first: a crash in between loses reports, and sends none twice.
    auto write = [this] { return save(); };
    const auto saved = co_await services_.workers.run<bool>(std::move(write));
    if (!saved) tell(Level::Warning, "tls-reports-not-kept", std::string(), saved.error().private_reason);
    if (over) co_await report_all(std::move(over));
  } while (co_await net::sleep_for(between_looks));
}

net::Task<void> TlsReporter::report_all(std::shared_ptr<const Day> day) {
  if (day->counters.left_out() > 0) {
    tell(Level::Warning, "tls-reports-incomplete", std::string(), std::to_string(day->counters.left_out()));
  }
  for (const auto& [domain, counters] : day->counters.domains()) {
    const bool going = co_await net::is_cancelled();
    if (going) co_return;
    dns::Question question;
    question.name = "_smtp._tls." + domain;
    question.type = dns::Type::TXT;
    const auto answer = co_await services_.resolver.ask(std::move(question));
    auto uris = tlspolicy::find_tlsrpt_record(answer);
    if (!uris) continue;
    const TlsReport report{.domain = domain,
                           .counters = counters,
                           .day = day->date,
                           .from = options_.from,
                           .id = queue::make_queue_id(services_.clock.now(), services_.random)};
    co_await report_to(report, *std::move(uris));
  }
}

// RFC 8460 §3: to each of the URIs.
net::Task<void> TlsReporter::report_to(const TlsReport& report, std::vector<std::string> uris) {
  const auto zipped = gzip(report_json(report));
  if (!zipped) {
    tell(Level::Warning, "tls-report-failed", report.domain, zipped.error().private_reason);
    co_return;
  }
  for (auto& uri : uris) {
    const bool by_web = iequals(std::string_view(uri).substr(0, 8), "https://");
    Sent sent;
    if (by_web) {
      sent = co_await post(uri, *zipped);
    } else {
      sent = co_await mail(report, uri, *zipped);
    }
    if (sent) {
      tell(Level::Info, "tls-report", report.domain, uri);
    } else {
      tell(Level::Warning, "tls-report-failed", report.domain, uri + ": " + sent.error());
    }
  }
}

// RFC 8460 §5.4
net::Task<TlsReporter::Sent> TlsReporter::post(std::string uri, std::string zipped) {
  const std::string rest = uri.substr(8);
  const auto slash = rest.find('/');
  const std::string authority = rest.substr(0, slash);
  const auto host = Domain::parse(authority.substr(0, authority.find(':')));
  http::Request request;
  if (!host || !http::read_target(slash == std::string::npos ? "/" : rest.substr(slash), request)) {
    co_return std::unexpected("it is no address of the web");
  }
  WebTarget target;
  target.host = host->text();
  if (authority.find(':') != std::string::npos) {
    const auto endpoint = net::Endpoint::parse("127.0.0.1" + authority.substr(authority.find(':')));
    if (!endpoint || endpoint->port == 0) co_return std::unexpected("it has no port");
    target.port = endpoint->port;
  }
  request.method = "POST";
  request.content_type = "application/tlsrpt+gzip";
  request.body = std::move(zipped);
  const auto response = co_await ask_web(services_.resolver, tls_, std::move(target), std::move(request));
  if (!response) co_return std::unexpected(response.error().reason);
  if (response->status / 100 != 2) co_return std::unexpected("status " + std::to_string(response->status));
  co_return Sent();
}

// RFC 8460 §5.3; signed on the way out like any other message of ours.
net::Task<TlsReporter::Sent> TlsReporter::mail(const TlsReport& report, std::string uri, const std::string& zipped) {
  const std::string address = uri.substr(7, uri.find('?') == std::string::npos ? uri.npos : uri.find('?') - 7);
  const auto to = Mailbox::parse(address);
  if (!to || !to->domain() || !to->is_ascii()) co_return std::unexpected("it is no mailbox");
  const auto now = services_.clock.now();
  queue::NewMessage message;
  message.small_body = report_message(report, *to, zipped, to_unix(now));
  message.message.id = queue::make_queue_id(now, services_.random);
  message.message.arrived = now;
  message.message.sender = ReversePath(report.from);
  message.message.sender_verified = true;
  message.message.author = report.from;
  message.message.klass = confirm::Class::Automatic;
  message.message.body_size = message.small_body.size();
  message.message.hashes = hashes_of(message.small_body);
  queue::NewRecipient recipient{.address = *to, .ledgers = {}};
  recipient.route = options_.route_for ? options_.route_for(*to->domain()) : store::Route::Remote;
  message.recipients.push_back(std::move(recipient));
  auto start = [&](auto done) { services_.queue.commit(std::move(message), std::move(done)); };
  const auto committed = co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
  if (!committed) co_return std::unexpected(committed.error().private_reason);
  co_return Sent();
}

void TlsReporter::tell(Level level, std::string_view name, const std::string& domain, std::string what) const {
  Event event{.level = level, .trace = {}, .queue_id = {}, .name = name, .fields = {}};
  if (!domain.empty()) event.fields.emplace_back("domain", domain);
  event.fields.emplace_back("what", std::move(what));
  services_.events.emit(std::move(event));
}

net::Task<void> TlsReporter::end() {
  group_->cancel();
  co_await group_->join();
  group_.reset();
}

void TlsReporter::stop() {
  net::run_and_wait(services_.executor, [this] { return end(); });
  const auto saved = save();
  if (!saved) tell(Level::Warning, "tls-reports-not-kept", std::string(), saved.error().private_reason);
}

}  // namespace cas::outbound
