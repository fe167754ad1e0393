// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What befalls a fetch; fetches that succeed are in tests/e2e/test_tls_policy.py.
#include "outbound/sts_book.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>

#include "net/runtime.hpp"
#include "testing/fake_clock.hpp"

namespace cas::outbound {
namespace {

namespace fs = std::filesystem;

/// Cannot tell anything.
class Mute final : public EventSink {
 public:
  void emit(Event) override {
    ++events;
    throw std::runtime_error("no memory");
  }
  std::atomic<int> events = 0;
};

net::Task<void> ask(StsBook& book, StsAnswer& answer) {
  Domain domain = Domain::parse("b.example").value();
  answer = co_await book.find(std::move(domain));
}

TEST(StsBook, AFetchThatBreaksLeavesNothingBehind) {
  std::string folder = (fs::temp_directory_path() / "cas-sts-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const net::ResolverOptions dns{.forwarders = {},
                                 .local_zones = {"example."},
                                 .local_data = {"_mta-sts.b.example. 60 IN TXT \"v=STSv1; id=1\""},
                                 .trust_anchor_file = "none"};
  const auto resolver = net::Resolver::create(dns).value();
  net::Workers workers(1);
  const cas::testing::FakeClock clock;
  Mute events;
  net::Runtime runtime(1, [](const std::string&) {});
  runtime.start();
  {
    StsServices services{
        .resolver = *resolver, .workers = workers, .clock = clock, .events = events, .executor = runtime.executor(0)};
    StsBook book(std::move(services), {.folder = folder, .wait = milliseconds(2000)},
                 net::TlsContext::client(net::ClientTls{}).value());
    for (const int times : {1, 2}) {
      StsAnswer answer;
      net::run_and_wait(runtime.executor(0), [&] { return ask(book, answer); });
      EXPECT_TRUE(answer.unknown);
      EXPECT_EQ(events.events, times) << "it is fetched, each time";
    }
    book.stop();
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace cas::outbound
