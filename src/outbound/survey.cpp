// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// First whom to ask, then what they say, then the judge.
#include "outbound/survey.hpp"

#include <boost/asio/this_coro.hpp>

#include "net/inquiry.hpp"
#include "outbound/web_client.hpp"
#include "tlspolicy/sts.hpp"

namespace cas::outbound {

namespace {

struct Work {
  net::Resolver& resolver;
  net::TlsContext tls;
  const SurveyOptions& options;
  const setup::Site& site;
  setup::Facts& facts;
};

net::Task<void> ask_server(const Work& work, setup::MailServer server, setup::ServerFacts& into) {
  into = co_await probe(std::move(server), work.tls, work.options.probe);
}

net::Task<void> fetch_policy(const Work& work) {
  WebTarget target;
  target.host = "mta-sts." + work.site.domain.text();
  target.port = work.options.web_port;
  target.timeout = work.options.web_timeout;
  target.max_body = tlspolicy::max_sts_policy;
  http::Request request;
  request.path = "/.well-known/mta-sts.txt";
  auto response = co_await ask_web(work.resolver, work.tls, std::move(target), std::move(request));
  setup::StsFile file;
  if (!response) {
    file.fault = response.error().reason;
    file.certificate_fault = response.error().certificate;
  } else if (response->status != 200) {  // RFC 8461 §3.3: no redirect either
    file.fault = "status " + std::to_string(response->status);
  } else if (!to_lower(response->content_type).starts_with("text/plain")) {  // §3.2
    file.fault = "its type is " + printable(response->content_type, 80) + ", not text/plain";
  } else {
    file.text = std::move(response->body);
  }
  work.facts.sts = std::move(file);
}

net::Task<void> ask_all(const Work& work, std::vector<setup::MailServer> servers, bool with_policy) {
  const net::Executor executor = co_await boost::asio::this_coro::executor;
  net::TaskGroup asking(executor);
  work.facts.asked_servers = true;
  work.facts.servers.resize(servers.size());
  for (std::size_t n = 0; n < servers.size(); ++n) {
    work.facts.servers[n].fault = "the check went wrong";  // overwritten, unless an exception comes between
    asking.spawn(ask_server(work, std::move(servers[n]), work.facts.servers[n]));
  }
  if (with_policy) asking.spawn(fetch_policy(work));
  co_await asking.join();
  co_await asking.finish();
}

}  // namespace

net::Task<Surveyed> survey(net::Resolver& resolver, net::TlsContext tls, SurveyOptions options, setup::Site site,
                           bool own, std::optional<setup::StsBefore> before, UnixTime now) {
  dns::Answers answers;
  setup::Facts facts;
  facts.own = own;
  facts.validates = options.validates;
  facts.now = now;
  facts.sts_before = std::move(before);
  if (options.ask_servers) {
    auto whom = [&](dns::Answers& known) { return setup::mail_servers(site.domain, known); };
    auto servers = co_await net::inquire(resolver, answers, whom);
    auto announces = [&](dns::Answers& known) { return setup::announces_sts(site.domain, known); };
    const bool policy = co_await net::inquire(resolver, answers, announces);
    const Work work{.resolver = resolver, .tls = std::move(tls), .options = options, .site = site, .facts = facts};
    co_await ask_all(work, std::move(servers), policy);
  }
  auto judge = [&](dns::Answers& known) { return setup::check_site(site, facts, known); };
  Surveyed surveyed;
  surveyed.findings = co_await net::inquire(resolver, answers, judge);
  if (facts.sts && facts.sts->fault.empty()) {
    dns::Question question;
    question.name = "_mta-sts." + site.domain.text();
    question.type = dns::Type::TXT;
    const auto* record = answers.find(question);
    const auto id = record != nullptr ? tlspolicy::find_sts_record(*record) : std::nullopt;
    if (id) surveyed.sts = setup::StsBefore{.id = *id, .text = facts.sts->text};
  }
  co_return surveyed;
}

}  // namespace cas::outbound
