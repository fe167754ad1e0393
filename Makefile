# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
#
# Thin: each target is one line of what you would type. `make` says what there is.
.PHONY: help build demo test e2e agreement fuzz torture fmt lint bench vectors manual deb test-deb install deps test-deps asan clean
PREFIX ?= /usr/local

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 18

build: deps ## the program, optimised: build/release/cas
	cmake --preset release && cmake --build --preset release

demo: build ## two mail domains on loopback: real mail, the real dialog
	build/release/cas demo

test: ## everything that must hold, as the build server runs it
	tools/test

asan: test-deps
	cmake --preset asan && cmake --build --preset asan

e2e: asan ## only the end-to-end tests, against the running program
	ctest --test-dir build/asan --output-on-failure -R '^e2e'

agreement: test-deps ## signatures and SPF beside other implementations (docs/agreement.md)
	cmake --preset asan && cmake --build --preset asan --target agreement
	tests/agreement/run

fuzz: test-deps ## each fuzzer for a minute
	tools/fuzz 60

torture: asan ## hours of faults at random, the model in larger bounds, all tests again and again; goes on where it was
	cd tests && /usr/bin/python3 -m e2e.torture

fmt: test-deps ## formats the C++ files
	git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 -i

lint: asan ## clang-tidy, layers, style, citations
	tools/check-layers && tools/check-style && tools/check-spec
	run-clang-tidy-19 -quiet -p build/asan '/src/.*\.cpp$$'

vectors: test-deps ## writes docs/vectors/ anew and checks them without the program
	cmake --preset asan && cmake --build --preset asan --target cas-vectors
	build/asan/tests/vectors/cas-vectors docs/vectors && python3 docs/vectors/verify.py

manual: build ## writes docs/configuration.md anew, from packaging/cas.toml and what the reader knows
	build/release/cas manual configuration.md >docs/configuration.md

deb: build ## Debian packages in build/deb
	tools/build-deb

test-deb: ## installs, tries, removes and purges them in a Debian 12 of their own; needs root and debootstrap
	tools/test-deb

bench: test-deps ## every measurement in a short form, some minutes (bench/README.md)
	cmake --preset bench && cmake --build --preset bench
	bench/all

install: build ## into PREFIX (/usr/local)
	cmake --install build/release --prefix $(PREFIX)

deps:
	tools/install-deps

test-deps:
	tools/install-deps --test

clean: ## removes build/
	rm -rf build
