# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# bench/*_bench.cpp, one Google Benchmark program each. opendkim_bench: only where libopendkim is.

find_package(benchmark REQUIRED)
pkg_check_modules(OPENDKIM IMPORTED_TARGET opendkim)
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cpp)
if(NOT OPENDKIM_FOUND)
  list(FILTER benches EXCLUDE REGEX "/opendkim_bench\\.cpp$")
endif()
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE cas_confirm cas_policy cas_store benchmark::benchmark_main)
endforeach()
if(OPENDKIM_FOUND)
  target_link_libraries(opendkim_bench PRIVATE PkgConfig::OPENDKIM)
endif()
