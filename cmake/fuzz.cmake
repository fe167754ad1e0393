# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# fuzz/fuzz_<parser>.cpp, one libFuzzer program each; its corpus is fuzz/corpus/<parser>.

file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.cpp)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cas_base cas_message cas_dns cas_smtp cas_crypto cas_auth cas_confirm
                        cas_policy cas_tlspolicy cas_setup)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()

# Names of key files and the log's lines are made in the Wiring, of which these files are enough.
target_sources(fuzz_key_name PRIVATE ${CMAKE_SOURCE_DIR}/src/app/signing_keys.cpp)
target_include_directories(fuzz_key_name PRIVATE ${CAS_INCLUDE_ROOTS}/app)

target_sources(fuzz_log PRIVATE ${CMAKE_SOURCE_DIR}/src/app/log_line.cpp ${CMAKE_SOURCE_DIR}/src/http/json.cpp)
foreach(layer app http net queue registry store)
  target_include_directories(fuzz_log PRIVATE ${CAS_INCLUDE_ROOTS}/${layer})
endforeach()
target_link_libraries(fuzz_log PRIVATE Boost::json fmt::fmt)

target_sources(fuzz_queue_filter PRIVATE ${CMAKE_SOURCE_DIR}/src/queue/filter.cpp ${CMAKE_SOURCE_DIR}/src/store/rows.cpp)
foreach(layer queue store)
  target_include_directories(fuzz_queue_filter PRIVATE ${CAS_INCLUDE_ROOTS}/${layer})
endforeach()

target_sources(fuzz_account PRIVATE ${CMAKE_SOURCE_DIR}/src/registry/account_rows.cpp
               ${CMAKE_SOURCE_DIR}/src/registry/sasl.cpp)
foreach(layer registry store)
  target_include_directories(fuzz_account PRIVATE ${CAS_INCLUDE_ROOTS}/${layer})
endforeach()
target_link_libraries(fuzz_account PRIVATE cas_policy PkgConfig::GSASL)

target_sources(fuzz_sendmail PRIVATE ${CMAKE_SOURCE_DIR}/src/cmd/sendmail_words.cpp)
target_include_directories(fuzz_sendmail PRIVATE ${CAS_INCLUDE_ROOTS}/cmd)

target_link_libraries(fuzz_srs PRIVATE cas_policy)

target_sources(fuzz_alias_file PRIVATE ${CMAKE_SOURCE_DIR}/src/recipients/alias_file.cpp)
target_include_directories(fuzz_alias_file PRIVATE ${CAS_INCLUDE_ROOTS}/recipients)
target_sources(fuzz_books PRIVATE ${CMAKE_SOURCE_DIR}/src/registry/report_day.cpp
                                  ${CMAKE_SOURCE_DIR}/src/registry/conduct_line.cpp)
target_include_directories(fuzz_books PRIVATE ${CAS_INCLUDE_ROOTS}/registry)

target_sources(fuzz_milter PRIVATE ${CMAKE_SOURCE_DIR}/src/milter/packet.cpp)
target_include_directories(fuzz_milter PRIVATE ${CAS_INCLUDE_ROOTS}/milter)
target_link_libraries(fuzz_proc_net PRIVATE cas_setup)
