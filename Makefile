# SPDX-License-Identifier: Apache-2.0
# make            build/release/waybill and build/release/waybill-emulator
# make deps       install what is missing, from Debian
# make demo       see the main job work, on an emulator
# make test       the checks of every change       make test-long   the long ones
# make test-schema  the language's schema by ajv, from npm
# make test-azurite  the remote state on Azurite, from npm
# make test-clients  real clients at the emulator: az and Azure's libraries
# make bench      measurements                     make lint        format, analysers, layers
# FLAVOUR=debug builds with AddressSanitizer and UndefinedBehaviorSanitizer.

FLAVOUR ?= release
BUILD := build/$(FLAVOUR)
VERSION := 0.1.0
LIBRARIES := yaml-0.1 jansson sqlite3 libcurl libcrypto

CC ?= gcc
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES) libmicrohttpd 2>/dev/null)
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Werror
CPPFLAGS += -I. -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DWAYBILL_VERSION='"$(VERSION)"'
HARDENING := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
release_CFLAGS := $(HARDENING)
release_LDFLAGS := -pie -Wl,-z,relro,-z,now
debug_CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
debug_LDFLAGS := -fsanitize=address,undefined
ALL_CFLAGS = -std=c11 -g $(WARNINGS) $($(FLAVOUR)_CFLAGS) $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $($(FLAVOUR)_LDFLAGS) $(LDFLAGS)
LIBS = $(shell pkg-config --libs $(LIBRARIES))
EMULATOR_LIBS = $(shell pkg-config --libs yaml-0.1 jansson libcrypto libmicrohttpd)

SCHEMAS := $(sort $(wildcard schemas/*.json))
BASE := $(wildcard engine/base/*.c)
SCHEMA_CODE := $(wildcard schemas/*.c)
CORE := $(BASE) $(SCHEMA_CODE) $(wildcard engine/config/*.c engine/network/*.c engine/plan/*.c \
	engine/apply/*.c providers/net/*.c providers/azure/*.c \
	providers/kubernetes/*.c state/*.c)
EMULATOR := $(wildcard providers/emulator/*.c)
COMMANDS := $(filter-out cmd/waybill/main.c,$(wildcard cmd/waybill/*.c))
UNITS := $(wildcard tests/unit/test_*.c)
SUPPORT := $(wildcard tests/support/*.c)
FUZZERS := $(filter-out tests/fuzz/main.c,$(wildcard tests/fuzz/fuzz_*.c))

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
GENERATED := $(BUILD)/obj/embedded_schemas.o
TEXTS := $(BUILD)/obj/embedded_pages.o $(BUILD)/obj/embedded_language.o
PAGES := $(sort $(wildcard docs/codes/*.md))

.PHONY: all deps demo test test-schema test-azurite test-clients test-long bench lint docs format clean unit fuzz-build crash-build load-build
all: deps-check $(BUILD)/waybill $(BUILD)/waybill-emulator

.PHONY: deps-check
deps-check:
	@./tests/support/deps.sh build

deps:
	@./tests/support/deps.sh all

$(BUILD)/libcore.a: $(call objects,$(CORE)) $(GENERATED)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/libemulator.a: $(call objects,$(EMULATOR) $(BASE) $(SCHEMA_CODE)) $(GENERATED)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/libcommands.a: $(call objects,$(COMMANDS)) $(TEXTS)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/waybill: $(call objects,cmd/waybill/main.c) $(BUILD)/libcommands.a $(BUILD)/libcore.a
	@echo "  LD  $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/waybill-emulator: $(call objects,$(wildcard cmd/waybill-emulator/*.c)) $(BUILD)/libemulator.a
	@echo "  LD  $@"
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(EMULATOR_LIBS)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/embedded_%.o: $(BUILD)/embedded_%.c
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-overlength-strings -c -o $@ $<

$(BUILD)/embedded_schemas.c: engine/base/embed.sh schemas $(SCHEMAS)
	@mkdir -p $(@D)
	@./engine/base/embed.sh schemas $(SCHEMAS) > $@.tmp && mv $@.tmp $@

$(BUILD)/embedded_language.c: engine/base/embed.sh schemas/language/waybill.json
	@mkdir -p $(@D)
	@./engine/base/embed.sh language schemas/language/waybill.json > $@.tmp && mv $@.tmp $@

$(BUILD)/embedded_pages.c: engine/base/embed.sh docs/codes $(PAGES)
	@mkdir -p $(@D)
	@./engine/base/embed.sh pages $(PAGES) > $@.tmp && mv $@.tmp $@

# A unit test links all archives: the linker takes only what it uses.
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(call objects,$(SUPPORT)) $(BUILD)/libcommands.a $(BUILD)/libcore.a \
		$(BUILD)/libemulator.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcmocka -lmicrohttpd $(LIBS)

unit: $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNITS))

# Fuzz targets run their corpus as plain tests; `make test` also runs them under libFuzzer.
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/main.o \
		$(BUILD)/obj/tests/support/fake_store.o $(BUILD)/libcore.a $(BUILD)/libemulator.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The whole program on a disk that fails, for tests/crash.
$(BUILD)/crash/%: $(BUILD)/obj/tests/crash/%.o $(BUILD)/obj/tests/support/vfs.o $(BUILD)/libcommands.a $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The whole program under a clock that runs as fast as WAYBILL_TEST_CLOCK says.
$(BUILD)/wire/hurried: $(call objects,tests/wire/fast_clock.c cmd/waybill/main.c) \
		$(BUILD)/libcommands.a $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/wire/ask: $(call objects,tests/wire/fast_clock.c tests/wire/ask.c) $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

crash-build: $(patsubst tests/crash/%.c,$(BUILD)/crash/%,$(wildcard tests/crash/*.c)) \
	$(BUILD)/wire/ask $(BUILD)/wire/hurried

fuzz-build: $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZERS))

# Who asks an emulator very often, in tests and measurements.
load-build: $(BUILD)/bench/load

# What `make bench` measures beside the program itself.
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/obj/tests/support/vfs.o $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/bench/unjudged: $(call objects,tests/bench/unjudged.c cmd/waybill/main.c) \
		$(BUILD)/libcommands.a $(BUILD)/libcore.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

demo: all
	@./examples/demo.sh

test:
	@./tests/run.sh

# What editors use: `make test` takes it where it is, and says so where it is not.
test-schema:
	@npm install --silent --no-audit --no-fund --prefix build/ajv ajv@8
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/cases/test_schema.py

# The emulator of Azure Storage: likewise.
test-azurite:
	@npm install --silent --no-audit --no-fund --prefix build/azurite azurite@3
	@/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/e2e/test_remote_state.py -k azurite

# Real clients of ARM, some minutes: no part of `make test`.
test-clients: all
	@./tests/support/deps.sh clients
	@npm install --silent --no-audit --no-fund --prefix build/javascript @azure/identity@4 @azure/arm-network@36 \
		@azure/arm-compute@24 @azure/arm-resources@7
	@./tests/clients/run.sh

test-long:
	@./tests/run.sh long

bench: all $(BUILD)/bench/load $(BUILD)/bench/apply $(BUILD)/bench/floor $(BUILD)/bench/lookups $(BUILD)/bench/unjudged
	@./tests/bench/run.sh

lint:
	@./tests/lint/run.sh

docs: all
	@/usr/bin/python3 tests/support/reference.py

format:
	@clang-format -i $$(git ls-files -co --exclude-standard '*.c' '*.h')

clean:
	@rm -rf build

.PRECIOUS: $(BUILD)/obj/%.o
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
