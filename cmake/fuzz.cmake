# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# fuzz/fuzz_<parser>.cpp, one libFuzzer program each; its corpus is fuzz/corpus/<parser>.

file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/fuzz_*.cpp)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cas_base cas_message cas_dns cas_smtp cas_crypto cas_auth cas_confirm)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
