# GNU make.  Targets:
#
#   all (default)       ./mq
#   deps, deps-dev      install what build, demo and tests need; what lint needs besides
#   deps-engines        install the libraries of all helpers, and the larger servers and emulators
#   demo                send the files of a real directory through a queue
#   engines             build/engine/mq-engine-*: the helpers whose libraries are there
#   check, check-long   the tests; those of tests/long/ too.  T="push unit/name": only these.  J=4: so many at once
#   check-engines       the tests against the larger servers and emulators: tests/server/
#   bench               what it costs, beside other queues and the bare system calls (tests/bench/README.md)
#   lint                warnings as errors, static analysis, layers.  LINT="clang-tidy mandoc": only these;
#                       FILES=changed: only files that differ from main, or FILES="lib/life/push.c ..." (tests/lint.sh)
#   completions         write completions/ anew from the command table
#   install, uninstall  PREFIX=/usr/local DESTDIR= SYSTEMDUNITDIR=
#   deb                 build/mq_VERSION_ARCH.deb, a package for Debian (needs dpkg-dev)
#   clean, dist, distcheck
#
# WERROR=1 makes warnings errors.  SAN=1 builds with ASan and UBSan into build/san/ (the binary is build/san/mq), beside
# the normal build and never mixed with it; `make check SAN=1` runs the same tests against that.  V=1 shows commands.

VERSION = 0.1.0
PREFIX  = /usr/local
B       = build$(if $(SAN),/san)
MQ      = $(if $(SAN),$(B)/)mq

BINDIR  = $(PREFIX)/bin
MANDIR  = $(PREFIX)/share/man
# Where the helpers of engines are looked for, and nowhere else.
LIBEXEC = $(PREFIX)/libexec/mq
DOCDIR  = $(PREFIX)/share/doc/mq
BASHDIR = $(PREFIX)/share/bash-completion/completions
ZSHDIR  = $(PREFIX)/share/zsh/site-functions
FISHDIR = $(PREFIX)/share/fish/vendor_completions.d
# Units are installed where this says, such as $(PREFIX)/lib/systemd/system; nowhere if it is empty.
SYSTEMDUNITDIR =
INSTALL = install

# ---- flags -----------------------------------------------------------------------------------------------------------

# These belong to whoever builds; what the code cannot do without is in CODE and LINK.
ifdef SAN
CFLAGS  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS = $(SAN_STATIC)
else
CFLAGS  = -O2 -g -fPIE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
LDFLAGS = -pie -Wl,-z,relro,-z,now
endif
WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wold-style-definition -Wmissing-prototypes -Wconversion \
          -Wno-sign-conversion -Wvla -Wformat=2 -Wpointer-arith -Wundef -Wwrite-strings -Wimplicit-fallthrough
CODE    = -std=c11 -D_GNU_SOURCE -DMQ_VERSION='"$(VERSION)"' -DMQ_HELPER_DIR='"$(LIBEXEC)"' -Ilib -Icmd $(BSD_FLAGS)
COMPILE = $(CC) $(CODE) $(WARN) $(if $(WERROR),-Werror) $(CPPFLAGS) $(CFLAGS)
LINK    = $(CC) $(CFLAGS) -Wl,--as-needed $(LDFLAGS)

# Asked at first use and then kept: `make deps all` must not look before deps has run.
once      = $(eval $(1) := $(2))$(2)
BSD_FLAGS = $(call once,BSD_FLAGS,$(or $(shell pkg-config --cflags libbsd-overlay 2>/dev/null),-DLIBBSD_OVERLAY \
            -isystem /usr/include/bsd))
LIBS      = $(call once,LIBS,$(if $(call archive,bsd),$(call archive,bsd) $(call archive,md),-lbsd -lmd) \
            $(or $(call archive,inih),-linih) $(or $(call archive,jansson),-ljansson))

# Starting up is most of what a one-shot command costs, and each shared library adds to it (0.7 ms with libc alone, 0.9
# with these three), so they are linked statically where the archive is there.
archive   = $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a))

# gcc's two sanitizers agree on a log only when linked statically; and then a test may preload its shim.
SAN_STATIC = $(call once,SAN_STATIC,$(if $(findstring clang,$(CC)),,$(if $(call archive,asan),-static-libasan) \
             $(if $(call archive,ubsan),-static-libubsan)))

# ---- files -----------------------------------------------------------------------------------------------------------

LIB_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard lib/*/*.c))
CMD_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard cmd/*.c cmd/*/*.c))
CORE_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard cmd/helper/core/*.c cmd/frame/*.c))
UNIT    := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
FUZZ    := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/*.c))
SWEEP   := $(B)/sweep/inject
PRELOAD := $(patsubst tests/preload/%.c,$(B)/preload/%.so,$(wildcard tests/preload/*.c))
MAN1    := $(wildcard man/*.1)
MAN5    := $(wildcard man/*.5)
MAN7    := $(wildcard man/*.7)
UNITS   := $(wildcard dist/systemd/*)
DOCS    := $(wildcard README.md NEWS.md LICENSE spool-format.md)

# The helpers of engines, each with the packages (pkg-config) that it needs and the folders of cmd/helper/ that it shares
# with others.  One whose packages are not there is not built.
HELPERS := mq redis amqp kafka sqs pubsub nats beanstalk
DIRS_redis     = net
DIRS_beanstalk = net
DIRS_amqp      = net
DIRS_nats      = net
DIRS_sqs       = http
DIRS_pubsub    = http
PKG_redis      = openssl
PKG_beanstalk  = openssl
PKG_amqp       = librabbitmq openssl
PKG_kafka      = rdkafka
PKG_sqs        = 'libcurl >= 7.85' openssl
PKG_pubsub     = 'libcurl >= 7.85' openssl
PKG_nats       = libnats openssl
HELPER_DIR = $(B)/engine
helper_obj  = $(patsubst %.c,$(B)/%.o,$(wildcard cmd/helper/$(1)/*.c $(foreach d,$(DIRS_$(1)),cmd/helper/$(d)/*.c)))
helper_libs = $(call once,LIBS_$(1),$(if $(PKG_$(1)),$(shell pkg-config --libs $(PKG_$(1)) 2>/dev/null)))
helper_cflags = $(call once,CFLAGS_$(1),$(if $(PKG_$(1)),$(shell pkg-config --cflags $(PKG_$(1)) 2>/dev/null)))
helper_can  = $(call once,CAN_$(1),$(if $(PKG_$(1)),$(shell pkg-config --exists $(PKG_$(1)) && echo yes),yes))
HAVE    = $(foreach h,$(patsubst cmd/helper/%/main.c,%,$(wildcard $(HELPERS:%=cmd/helper/%/main.c))),$(if $(filter yes,$(call helper_can,$(h))),$(h)))

# What has to be done before anything else when it is asked for in the same command, also with -j.
FIRST   := $(filter clean deps deps-dev deps-engines deps-long,$(MAKECMDGOALS))
SAY     = $(if $(V),@:,@echo " ")
Q       = $(if $(V),,@)
quote   = '$(subst ','\'',$(1))'

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all engines deps deps-dev deps-engines deps-long demo units fuzz check check-engines check-long bench lint completions install uninstall deb clean dist distcheck FORCE

# ---- build -----------------------------------------------------------------------------------------------------------

all: $(MQ) engines

$(MQ): $(CMD_OBJ) $(B)/libmq.a $(B)/flags
	$(SAY) LINK $@
	$(Q)$(LINK) -o $@ $(CMD_OBJ) $(B)/libmq.a $(LIBS) $(LDLIBS)

# Asked only when it is run, since `make deps-engines all` may bring the packages.
engines: $(MQ)
	$(Q)$(MAKE) --no-print-directory $(foreach h,$(HAVE),$(HELPER_DIR)/mq-engine-$(h))

define helper_rule
$$(HELPER_DIR)/mq-engine-$(1): $$(call helper_obj,$(1)) $$(CORE_OBJ) $$(B)/libmq.a $$(B)/flags
	$$(SAY) LINK $$@
	$$(Q)mkdir -p $$(@D) && $$(LINK) -o $$@ $$(call helper_obj,$(1)) $$(CORE_OBJ) $$(B)/libmq.a $$(LIBS) $$(call helper_libs,$(1)) $$(LDLIBS)
$$(call helper_obj,$(1)): EXTRA = $$(call helper_cflags,$(1))
-include $$(patsubst %.o,%.d,$$(call helper_obj,$(1)))
endef
$(foreach h,$(HELPERS),$(eval $(call helper_rule,$(h))))

$(B)/libmq.a: $(LIB_OBJ) $(B)/files
	$(SAY) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(LIB_OBJ)

$(B)/%.o: %.c $(B)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(COMPILE) $(EXTRA) -MMD -MP -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libmq.a $(B)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(COMPILE) -Itests/unit -MMD -MP -MF $@.d -o $@ $< -Wl,--as-needed $(LDFLAGS) \
		$(B)/libmq.a $(LIBS) $(LDLIBS)

# Not sanitized either: what it runs is.
$(B)/sweep/%: tests/sweep/%.c $(B)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(CC) $(CODE) $(WARN) $(if $(WERROR),-Werror) $(CPPFLAGS) -O2 -g -MMD -MP -MF $@.d -o $@ $<

$(B)/bench/bare_amqp: LDLIBS += -lrabbitmq
$(B)/bench/%: tests/bench/%.c $(B)/libmq.a $(B)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(COMPILE) -MMD -MP -MF $@.d -o $@ $< -Wl,--as-needed $(LDFLAGS) $(B)/libmq.a $(LIBS) $(LDLIBS)

# libFuzzer is clang's; the library is built into each target, with the sanitizers.
$(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.h $(wildcard lib/*.h lib/*/*.[ch]) $(B)/flags
	$(SAY) FUZZ $@
	$(Q)mkdir -p $(@D) && clang $(CODE) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
		-o $@ $< $(filter lib/%.c,$^) $(LIBS) $(LDLIBS)

# For LD_PRELOAD into the program under test; never sanitized, and without the build's -fPIE.
$(B)/preload/%.so: tests/preload/%.c $(B)/flags
	$(SAY) CC $@
	$(Q)mkdir -p $(@D) && $(CC) $(CODE) $(WARN) $(if $(WERROR),-Werror) $(CPPFLAGS) -O2 -g -fPIC -shared -MMD -MP -MF $@.d -o $@ $< -ldl

# Looked at each time, written only when different: other flags rebuild everything, a file that came or went what
# consists of it.
$(B)/flags: text = $(COMPILE) : $(LINK) : $(LIBS) $(LDLIBS)
$(B)/files: text = $(LIB_OBJ) $(CMD_OBJ)
$(B)/flags $(B)/files: FORCE | $(B)/probe
	@printf '%s\n' $(call quote,$(text)) | cmp -s - $@ || printf '%s\n' $(call quote,$(text)) >$@

# Once: are the headers and libraries there?
$(B)/probe: $(filter clean,$(FIRST)) | $(FIRST)
	@mkdir -p $(@D)
	@printf '%s\n' '#include <string.h>' '#include <ini.h>' '#include <jansson.h>' \
		'int main(void) { char b[2]; return strlcpy(b, "", sizeof(b)) + (size_t)ini_parse("", NULL, NULL) + (json_null() == NULL); }' | \
		$(COMPILE) -w -o $@ -x c - -x none $(LIBS) $(LDLIBS) 2>$@.log || { \
		echo 'mq needs a C compiler, libbsd, inih and jansson with their headers: run "make deps"' >&2; \
		echo '(what the compiler said: $@.log)' >&2; exit 1; }

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(CORE_OBJ:.o=.d) $(UNIT:=.d) $(PRELOAD:=.d) $(SWEEP:=.d) $(B)/bench/floor.d

# ---- set up, try, test -----------------------------------------------------------------------------------------------

deps:
	@CC="$(CC)" sh tests/deps.sh

deps-dev: | $(filter deps,$(FIRST))
	@CC="$(CC)" sh tests/deps.sh dev

deps-engines: | $(filter deps,$(FIRST))
	@CC="$(CC)" sh tests/deps.sh engines
	@sh tests/server/kafka.sh build/kafka || true

deps-long: | $(filter deps,$(FIRST))
	@CC="$(CC)" sh tests/deps.sh long

demo: $(MQ)
	@MQ_BIN=$(call quote,$(abspath $(MQ))) sh tests/demo.sh

units: $(UNIT) $(PRELOAD) $(SWEEP)

fuzz: $(FUZZ)

check-long: LONG = --long
check-engines: LONG = --server
check check-engines check-long: $(MQ) engines units
	@MQ_BIN=$(call quote,$(abspath $(MQ))) MQ_BUILD=$(call quote,$(abspath $(B))) MQ_SAN=$(SAN) bash tests/run.sh $(LONG) $(if $(J),-j $(J)) $(T)

# FULL=1: with a million messages and more.  ROWS="oneshot bulk": only these.
bench: $(MQ) engines $(B)/bench/floor $(B)/bench/bare_redis
	$(if $(filter amqp,$(HAVE)),$(Q)$(MAKE) --no-print-directory $(B)/bench/bare_amqp)
	@MQ_BIN=$(call quote,$(abspath $(MQ))) MQ_BUILD=$(call quote,$(abspath $(B))) python3 tests/bench/bench.py $(if $(FULL),--full) $(ROWS)

# make has a LINT of its own, which is not meant.
LINT  =
lint: | $(FIRST)
	@MAKE="$(MAKE)" LINT="$(LINT)" FILES="$(FILES)" bash tests/lint.sh $(CODE)

completions: $(MQ)
	@mkdir -p $@
	$(call quote,$(abspath $(MQ))) help --completion bash >$@/mq.bash
	$(call quote,$(abspath $(MQ))) help --completion zsh >$@/_mq
	$(call quote,$(abspath $(MQ))) help --completion fish >$@/mq.fish

# ---- install, release ------------------------------------------------------------------------------------------------

# Where things go, safe from blanks in DESTDIR and PREFIX.
to = "$(DESTDIR)$(1)"

install: $(MQ) engines
	$(INSTALL) -D -m 755 $(MQ) $(call to,$(BINDIR)/mq)
	$(foreach h,$(HAVE),$(INSTALL) -D -m 755 $(HELPER_DIR)/mq-engine-$(h) $(call to,$(LIBEXEC)/mq-engine-$(h)) &&) :
	$(if $(MAN1),$(INSTALL) -D -m 644 -t $(call to,$(MANDIR)/man1) $(MAN1))
	$(if $(MAN5),$(INSTALL) -D -m 644 -t $(call to,$(MANDIR)/man5) $(MAN5))
	$(if $(MAN7),$(INSTALL) -D -m 644 -t $(call to,$(MANDIR)/man7) $(MAN7))
	$(if $(DOCS),$(INSTALL) -D -m 644 -t $(call to,$(DOCDIR)) $(DOCS))
	$(INSTALL) -D -m 644 completions/mq.bash $(call to,$(BASHDIR)/mq)
	$(INSTALL) -D -m 644 completions/_mq $(call to,$(ZSHDIR)/_mq)
	$(INSTALL) -D -m 644 completions/mq.fish $(call to,$(FISHDIR)/mq.fish)
	$(if $(SYSTEMDUNITDIR),$(INSTALL) -D -m 644 -t $(call to,$(SYSTEMDUNITDIR)) $(UNITS))
	$(if $(SYSTEMDUNITDIR),cd $(call to,$(SYSTEMDUNITDIR)) && sed -i 's|/usr/bin/mq |$(BINDIR)/mq |' $(notdir $(UNITS)))

uninstall:
	rm -f $(HELPERS:%=$(call to,$(LIBEXEC)/mq-engine-%))
	-[ ! -d $(call to,$(LIBEXEC)) ] || rmdir $(call to,$(LIBEXEC))
	rm -f $(call to,$(BINDIR)/mq) $(call to,$(BASHDIR)/mq) $(call to,$(ZSHDIR)/_mq) $(call to,$(FISHDIR)/mq.fish)
	rm -f $(MAN1:man/%=$(call to,$(MANDIR)/man1/%)) $(MAN5:man/%=$(call to,$(MANDIR)/man5/%))
	rm -f $(MAN7:man/%=$(call to,$(MANDIR)/man7/%))
	rm -f $(DOCS:%=$(call to,$(DOCDIR)/%))
	$(if $(SYSTEMDUNITDIR),rm -f $(UNITS:dist/systemd/%=$(call to,$(SYSTEMDUNITDIR)/%)))
	-[ ! -d $(call to,$(DOCDIR)) ] || rmdir $(call to,$(DOCDIR))

# build/mq_VERSION_ARCH.deb.  MAINTAINER="Name <address>" and SOURCE_DATE_EPOCH are taken from the environment.
deb:
	@MAKE="$(MAKE)" sh dist/debian/build.sh $(VERSION)

clean:
	rm -rf build mq mq-$(VERSION).tar.gz

# The tracked files as they stand here, committed or not, but for .ci/, which is for a checkout; the same files always
# give the same bytes.
dist:
	@git rev-parse --is-inside-work-tree >/dev/null || { echo 'make dist: only in a git checkout' >&2; exit 1; }
	@mkdir -p build
	git ls-files -z -- . ':!.ci' | tar --null --no-recursion -T - --transform 'flags=r;s,^,mq-$(VERSION)/,' --hard-dereference \
		--sort=name --owner=0 --group=0 --numeric-owner --mtime=@$$(git log -1 --format=%ct) -cf build/dist.tar
	gzip -9nc build/dist.tar >mq-$(VERSION).tar.gz && rm build/dist.tar

distcheck: dist
	rm -rf build/dist && mkdir -p build/dist && tar -C build/dist -xzf mq-$(VERSION).tar.gz
	$(MAKE) -C build/dist/mq-$(VERSION) all
	$(MAKE) -C build/dist/mq-$(VERSION) check
	$(MAKE) -C build/dist/mq-$(VERSION) install DESTDIR="$(CURDIR)/build/dist/root"
	$(MAKE) -C build/dist/mq-$(VERSION) uninstall DESTDIR="$(CURDIR)/build/dist/root"
	@left=$$(find build/dist/root ! -type d) && [ -z "$$left" ] || { echo "uninstall left: $$left" >&2; exit 1; }
