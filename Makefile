# SPDX-License-Identifier: MIT
# Makefile - builds and installs the library for programs that are not part of
# this tree. It needs a C compiler (gcc or clang), binutils, awk, make and
# liburcu; `make help` says what it can do. The project's own build, with the
# tests, is Bazel's (bazel/README.md). tests/build/install holds both builds to
# the same files and flags.

VERSION := 0.1.0
# Changes when a program has to be linked anew.
SOVERSION := 0

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
LICENSEDIR ?= $(PREFIX)/share/doc/vmastore
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
CMAKEDIR ?= $(LIBDIR)/cmake/vmastore
DESTDIR ?=
# The folder that holds all that is built.
BUILD ?= build

CFLAGS ?= -O2 -g
INSTALL ?= install
AWK ?= awk
PKG_CONFIG ?= pkg-config
# The compiler's own binutils, so that naming a cross compiler is enough.
ifeq ($(origin AR),default)
AR := $(shell $(CC) -print-prog-name=ar)
endif
ifeq ($(origin LD),default)
LD := $(shell $(CC) -print-prog-name=ld)
endif
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)

# As bazel/copts.bzl has them.
VMS_COPTS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -fvisibility=hidden
VMS_TEST_COPTS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra
VMS_LINK_RCU := -lurcu-memb -lurcu-common -pthread
# -fno-lto: hidden symbols become local in machine code (below), which a
# compiler's intermediate code hides from objcopy.
lib_flags = $(VMS_COPTS) -fPIC -Iinclude -I. $(CPPFLAGS) $(CFLAGS) -fno-lto -MMD -MP
tool_flags = $(VMS_TEST_COPTS) -Iinclude -I. $(CPPFLAGS) $(CFLAGS) -MMD -MP

# The folders of lib/ that make each library; every C file in them belongs to it.
vmastore_rooms := sync rbtree maple engine page mm
vmastore-maple_rooms := sync maple
# Each library exports what these headers declare, and what they include.
vmastore_headers := $(wildcard include/vmastore/*.h)
vmastore-maple_headers := $(addprefix include/vmastore/,maple_tree.h memory.h rwsem.h)
vmastore_summary := the memory map of a Linux process as a library
vmastore-maple_summary := the maple tree of vmastore, with its RCU and rw-semaphore
libraries := vmastore vmastore-maple

sources = $(sort $(foreach room,$($1_rooms),$(wildcard lib/$(room)/*.c lib/$(room)/*/*.c)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$1))

.PHONY: all lib tools man install install-lib install-man install-tools uninstall clean help list-sources list-flags
.DELETE_ON_ERROR:
all: lib

# ---- the libraries -------------------------------------------------------------

# $(call library_rules,NAME): an archive with one object, in which only the exported
# symbols are global, because a hidden symbol still clashes in a static link;
# and a shared object.
# -Bsymbolic-functions: the library calls its own functions, whatever a program
# calls its own. -z nodelete: threads call its code when they exit, and its
# callback thread never ends, so dlclose() must leave the library where it is.
define library_rules
lib: $(BUILD)/lib$1.a $(BUILD)/lib$1.so.$(VERSION)

$(BUILD)/$1/vmastore.map: $$(wildcard include/vmastore/*.h) bazel/exports.sh
	@mkdir -p $$(@D)
	sh bazel/exports.sh $$(@D) "$$(CC)" $$($1_headers)

$(BUILD)/$1/joined.o: $$(call objects,$1)
	@mkdir -p $$(@D)
	$$(LD) -r -o $$@ $$^

$(BUILD)/$1/$1.o: $(BUILD)/$1/joined.o
	$$(OBJCOPY) --localize-hidden $$< $$@

$(BUILD)/lib$1.a: $(BUILD)/$1/$1.o
	rm -f $$@
	$$(AR) rcs $$@ $$<

$(BUILD)/lib$1.so.$(VERSION): $$(call objects,$1) $(BUILD)/$1/vmastore.map
	$$(CC) $$(CFLAGS) -fno-lto $$(LDFLAGS) -shared -o $$@ $$(call objects,$1) \
		-Wl,--version-script=$(BUILD)/$1/vmastore.map -Wl,-soname,lib$1.so.$(SOVERSION) \
		-Wl,-Bsymbolic-functions -Wl,-z,nodelete $$(VMS_LINK_RCU)
endef
$(foreach l,$(libraries),$(eval $(call library_rules,$l)))

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(lib_flags) -c -o $@ $<

-include $(patsubst %.o,%.d,$(call objects,vmastore))

# What tests/build/install holds against Bazel's targets.
list-sources:
	@printf '%s\n' $(call sources,$(or $(LIBRARY),vmastore))
list-flags:
	@printf '%s\n' $(VMS_COPTS)

# ---- installing ----------------------------------------------------------------

# $(call to,FOLDER): it, under DESTDIR.
to = "$(DESTDIR)$1"
# How to come from CMAKEDIR to PREFIX: nothing if it does not lie below.
empty :=
space := $(empty) $(empty)
up_from_cmake := $(if $(filter $(PREFIX)/%,$(CMAKEDIR)),$(subst $(space),/,$(patsubst %,..,$(subst /, ,$(patsubst $(PREFIX)/%,%,$(CMAKEDIR))))))
# Folders below PREFIX, in the words of a .pc file and of CMake, so that an
# installed copy can be moved.
in_pc = $(patsubst $(PREFIX)/%,$${prefix}/%,$1)
in_cmake = $(if $(up_from_cmake),$(patsubst $(PREFIX)/%,$${_vmastore_prefix}/%,$1),$1)
fill = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@SOVERSION@|$(SOVERSION)|g' -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LINK@|$(VMS_LINK_RCU)|g'

install: install-lib

install-lib: lib
	$(INSTALL) -d $(call to,$(LIBDIR)) $(call to,$(INCLUDEDIR)/vmastore) $(call to,$(PKGCONFIGDIR)) \
		$(call to,$(CMAKEDIR)) $(call to,$(LICENSEDIR))
	$(INSTALL) -m 644 $(vmastore_headers) $(call to,$(INCLUDEDIR)/vmastore)
	$(INSTALL) -m 644 LICENSE $(call to,$(LICENSEDIR))
	$(foreach l,$(libraries),$(install_library))
	$(fill) -e 's|@UP@|$(up_from_cmake)|' -e 's|@LIBDIR@|$(call in_cmake,$(LIBDIR))|' -e 's|@INCLUDEDIR@|$(call in_cmake,$(INCLUDEDIR))|' \
		packaging/vmastoreConfig.cmake.in >$(call to,$(CMAKEDIR)/vmastoreConfig.cmake)
	$(fill) packaging/vmastoreConfigVersion.cmake.in >$(call to,$(CMAKEDIR)/vmastoreConfigVersion.cmake)
	chmod 644 $(call to,$(CMAKEDIR)/vmastoreConfig.cmake) $(call to,$(CMAKEDIR)/vmastoreConfigVersion.cmake)

define install_library
$(INSTALL) -m 644 $(BUILD)/lib$l.a $(call to,$(LIBDIR))
	$(INSTALL) -m 755 $(BUILD)/lib$l.so.$(VERSION) $(call to,$(LIBDIR))
	ln -sf lib$l.so.$(VERSION) $(call to,$(LIBDIR)/lib$l.so.$(SOVERSION))
	ln -sf lib$l.so.$(SOVERSION) $(call to,$(LIBDIR)/lib$l.so)
	$(fill) -e 's|@NAME@|$l|g' -e 's|@SUMMARY@|$($l_summary)|' \
		-e 's|@LIBDIR@|$(call in_pc,$(LIBDIR))|' -e 's|@INCLUDEDIR@|$(call in_pc,$(INCLUDEDIR))|' \
		packaging/vmastore.pc.in >$(call to,$(PKGCONFIGDIR)/$l.pc)
	chmod 644 $(call to,$(PKGCONFIGDIR)/$l.pc)

endef

uninstall:
	rm -f $(foreach f,$(installed),$(call to,$f))
	-for folder in $(foreach d,$(own_folders),$(call to,$d)); do \
		[ ! -d "$$folder" ] || rmdir "$$folder"; \
	done

# Every file that `make install` and `make install-tools` put anywhere.
installed = $(patsubst include/%,$(INCLUDEDIR)/%,$(vmastore_headers)) $(LICENSEDIR)/LICENSE \
	$(CMAKEDIR)/vmastoreConfig.cmake $(CMAKEDIR)/vmastoreConfigVersion.cmake \
	$(foreach l,$(libraries),$(PKGCONFIGDIR)/$l.pc $(addprefix $(LIBDIR)/lib$l,.a .so .so.$(SOVERSION) .so.$(VERSION)))
own_folders = $(INCLUDEDIR)/vmastore $(CMAKEDIR) $(LICENSEDIR)

clean:
	rm -rf $(BUILD)
