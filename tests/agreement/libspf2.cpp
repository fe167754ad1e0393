// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// libspf2's side: evaluates SPF, with a zone that comes with the job.
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>

#include <memory>
#include <string>

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns_zone.h>
}

#include "jobs.hpp"

namespace {

using namespace cas;
using namespace cas::agreement;

ns_type type_of(std::string_view word) {
  if (word == "A") return ns_t_a;
  if (word == "AAAA") return ns_t_aaaa;
  if (word == "MX") return ns_t_mx;
  if (word == "PTR") return ns_t_ptr;
  return ns_t_txt;
}

SPF_dns_server_t* zone_of(const json::object& zone) {
  SPF_dns_server_t* dns = SPF_dns_zone_new(nullptr, "job", 0);
  for (const auto& [key, node] : zone) {
    const std::string name(key);
    if (node.is_string()) {
      SPF_dns_zone_add_str(dns, name.c_str(), ns_t_any, TRY_AGAIN, nullptr);
      continue;
    }
    for (const auto& [type, records] : node.as_object()) {
      for (const auto& text : list_of(records)) {
        const auto blank = type == "MX" ? text.find(' ') + 1 : 0;
        SPF_dns_zone_add_str(dns, name.c_str(), type_of(type), NETDB_SUCCESS, text.c_str() + blank);
      }
    }
  }
  return dns;
}

json::object spf(const json::object& job) {
  SPF_server_t* server = SPF_server_new_dns(zone_of(job.at("zone").as_object()), 0);
  SPF_server_set_rec_dom(server, "mx.receiver.example");
  SPF_request_t* request = SPF_request_new(server);
  const std::string ip = text_of(job, "ip"), helo = text_of(job, "helo"), from = text_of(job, "from");
  if (ip.contains(':')) {
    SPF_request_set_ipv6_str(request, ip.c_str());
  } else {
    SPF_request_set_ipv4_str(request, ip.c_str());
  }
  SPF_request_set_helo_dom(request, helo.c_str());
  if (!from.empty()) SPF_request_set_env_from(request, from.c_str());
  SPF_response_t* response = nullptr;
  SPF_request_query_mailfrom(request, &response);
  // It says "(invalid)" of some records that it cannot read.
  const auto found = SPF_response_result(response);
  json::object answer{{"result", SPF_strresult(found == SPF_RESULT_INVALID ? SPF_RESULT_PERMERROR : found)},
                      {"reason", SPF_strerror(SPF_response_errcode(response))}};
  SPF_response_free(response);
  SPF_request_free(request);
  SPF_server_free(server);
  return answer;
}

}  // namespace

int main() {
  return cas::agreement::run(spf);
}
