# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# bench/*_bench.cpp, one Google Benchmark program each.

find_package(benchmark REQUIRED)
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.cpp)
foreach(source ${benches})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE cas_confirm cas_store benchmark::benchmark_main)
endforeach()
