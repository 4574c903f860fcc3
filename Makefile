# SPDX-License-Identifier: MIT
# Makefile - builds and installs the library for programs that are not part of
# this tree. It needs a C compiler (gcc or clang), binutils, awk, make and
# liburcu; `make help` says what it can do. The project's own build, with the
# tests, is Bazel's (bazel/README.md). tests/build/install holds both builds to
# the same files and flags.

VERSION := 0.1.0
DATE := December 1, 2026
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

empty :=
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

# The flags of bazel/copts.bzl.
VMS_COPTS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -fvisibility=hidden
VMS_TEST_COPTS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra
VMS_LINK_RCU := -lurcu-memb -lurcu-common -pthread
# -fno-lto: hidden symbols become local in machine code (below), which a
# compiler's intermediate code hides from objcopy.
lib_flags = $(VMS_COPTS) -fPIC -Iinclude -I. $(CPPFLAGS) $(CFLAGS) -fno-lto -MMD -MP
# For ThreadSanitizer, after the caller's CFLAGS. gcc expands memset() and
# memcpy() in place without instrumenting them, and glibc's checked forms of
# them are unknown to the runtime. Reports show more of a stack that has frame
# pointers.
tsan_flags := -fsanitize=thread -fno-builtin-memset -fno-builtin-memcpy -U_FORTIFY_SOURCE \
	-fno-omit-frame-pointer
tool_flags = $(VMS_TEST_COPTS) -Iinclude -I. $(CPPFLAGS) $(CFLAGS) -MMD -MP

# The folders of lib/ that make each library, with every C file in them.
vmastore_rooms := sync rbtree maple engine page mm
vmastore-maple_rooms := sync maple
# Each library exports what these headers declare, and what they include.
vmastore_headers := $(wildcard include/vmastore/*.h)
vmastore-maple_headers := $(addprefix include/vmastore/,foreign_tree.h maple_tree.h host.h memory.h \
	range_map.h rwsem.h)
vmastore_summary := the memory map of a Linux process as a library
vmastore-maple_summary := the maple tree of vmastore, with its RCU and rw-semaphore
libraries := vmastore vmastore-maple

# The same libraries once more, for programs that run under ThreadSanitizer.
tsan_libraries := $(addsuffix -tsan,$(libraries))
define tsan_variant
$1-tsan_rooms := $($1_rooms)
$1-tsan_summary := $($1_summary), for programs built with -fsanitize=thread
$1-tsan_folder := tsan/
$1-tsan_pc_flags := $$(empty) -fsanitize=thread
$1-tsan_ldflags := $(tsan_ldflags)
endef
# The shared object has no runtime, so that the program brings its own
# compiler's, and a program without one does not link or start. -z now: at
# once, also by dlopen(3).
tsan_ldflags := -Wl,-z,undefs -Wl,-z,now
$(foreach l,$(libraries),$(eval $(call tsan_variant,$l)))

sources = $(sort $(foreach room,$($1_rooms),$(wildcard lib/$(room)/*.c lib/$(room)/*/*.c)))
objects = $(patsubst %.c,$(BUILD)/$($1_folder)%.o,$(call sources,$1))
# What a library exports does not depend on the sanitizer.
exports = $(BUILD)/$(patsubst %-tsan,%,$1)/vmastore.map

.PHONY: all lib tsan man tools install install-lib install-tsan install-man install-tools \
	uninstall clean help list-sources list-flags
.DELETE_ON_ERROR:
all: lib man

# ---- the libraries -----------------------------------------------------------

# $(call library_rules,NAME): an archive with one object, in which only the
# exported symbols are global, because a hidden symbol still clashes in a static
# link; and a shared object. -Bsymbolic-functions: the library calls its own
# functions, even if a program has functions of the same names. -z nodelete:
# threads call its code when they exit, and its callback thread never ends, so
# dlclose() must leave the library where it is.
define library_rules
$(BUILD)/$1/joined.o: $$(call objects,$1)
	@mkdir -p $$(@D)
	$$(LD) -r -o $$@ $$^

$(BUILD)/$1/$1.o: $(BUILD)/$1/joined.o
	$$(OBJCOPY) --localize-hidden $$< $$@

$(BUILD)/lib$1.a: $(BUILD)/$1/$1.o
	rm -f $$@
	$$(AR) rcs $$@ $$<

$(BUILD)/lib$1.so.$(VERSION): $$(call objects,$1) $$(call exports,$1)
	$$(CC) $$(CFLAGS) -fno-lto $$(LDFLAGS) -shared -o $$@ $$(call objects,$1) \
		-Wl,--version-script=$$(call exports,$1) -Wl,-soname,lib$1.so.$(SOVERSION) \
		-Wl,-Bsymbolic-functions -Wl,-z,nodelete $$($1_ldflags) $$(VMS_LINK_RCU)
endef
$(foreach l,$(libraries) $(tsan_libraries),$(eval $(call library_rules,$l)))
library_files = $(foreach l,$1,$(BUILD)/lib$l.a $(BUILD)/lib$l.so.$(VERSION))
lib: $(call library_files,$(libraries))
tsan: $(call library_files,$(tsan_libraries))

define export_rules
$(BUILD)/$1/vmastore.map: $$(wildcard include/vmastore/*.h) bazel/exports.sh
	@mkdir -p $$(@D)
	sh bazel/exports.sh $$(@D) "$$(CC)" $$($1_headers)
endef
$(foreach l,$(libraries),$(eval $(call export_rules,$l)))

$(BUILD)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(lib_flags) -c -o $@ $<
$(BUILD)/tsan/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(lib_flags) $(tsan_flags) -c -o $@ $<

-include $(patsubst %.o,%.d,$(foreach l,vmastore vmastore-tsan,$(call objects,$l)))

# ---- manual pages ------------------------------------------------------------

header_page = vmastore_$(notdir $(basename $1)).3
# begin.h, end.h and so on are halves of the others.
whole_headers := $(filter-out $(addprefix include/vmastore/,begin.h begin_fields.h end.h end_fields.h), \
	$(vmastore_headers))
header_pages := $(foreach h,$(whole_headers),$(call header_page,$h))
see_also := vmastore_maple_tree vmastore_mm vmastore_rcu vmastore_rwsem

man: $(addprefix $(BUILD)/man/,$(header_pages))

# The headers that the maple tree's library serves, too.
$(BUILD)/vmastore-maple/headers: $(vmastore_headers)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -D_GNU_SOURCE -Iinclude $(CPPFLAGS) -M -x c $(vmastore-maple_headers) | \
		tr ' ' '\n' | grep '^include/vmastore/' >$@

$(BUILD)/man/vmastore_%.3: include/vmastore/%.h packaging/header_page.awk \
		$(BUILD)/vmastore-maple/headers
	@mkdir -p $(@D)
	libraries=vmastore; \
	if grep -qxF $< $(BUILD)/vmastore-maple/headers; then libraries="$(libraries)"; fi; \
	$(AWK) -v version=$(VERSION) -v date="$(DATE)" -v libraries="$$libraries" \
		-v see_also="$(filter-out vmastore_$*,$(see_also))" -f packaging/header_page.awk $< >$@

$(BUILD)/man/%.1: packaging/man/%.1
	@mkdir -p $(@D)
	sed -e 's|@DATE@|$(DATE)|; s|@VERSION@|$(VERSION)|' $< >$@

# ---- the programs: they need jansson, hwloc and liblzma as well --------------

programs := vmbench vmrecord vmreplay
program_packages := jansson hwloc liblzma
vmbench_folder := bench/vmbench
vmrecord_folder := tools/vmrecord
vmreplay_folder := tools/vmreplay
# The programs share these folders' objects. The linker takes the objects that a
# program uses.
shared_folders := bench/harness tools/opscript tools/probe tools/trace
shared_sources := $(filter-out tools/probe/main.c,$(foreach f,$(shared_folders),$(wildcard $f/*.c)))
program_objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $($1_folder)/*.c))
shared_objects := $(patsubst %.c,$(BUILD)/%.o,$(shared_sources))

tools: $(addprefix $(BUILD)/,$(programs)) $(addprefix $(BUILD)/man/,$(addsuffix .1,$(programs)))

$(BUILD)/shared.a: $(shared_objects)
	rm -f $@
	$(AR) rcs $@ $^

define program_rules
$(BUILD)/$1: $$(call program_objects,$1) $(BUILD)/shared.a $(BUILD)/libvmastore.a
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ \
		$$$$($$(PKG_CONFIG) --libs $$(program_packages)) $$(VMS_LINK_RCU) -lm
endef
$(foreach p,$(programs),$(eval $(call program_rules,$p)))

$(BUILD)/bench/%.o: bench/%.c
	$(compile_program)
$(BUILD)/tools/%.o: tools/%.c
	$(compile_program)
define compile_program
@mkdir -p $(@D)
$(CC) $(tool_flags) $$($(PKG_CONFIG) --cflags $(program_packages)) -c -o $@ $<
endef

-include $(patsubst %.o,%.d,$(shared_objects) $(foreach p,$(programs),$(call program_objects,$p)))

# ---- what tests/build/install holds against Bazel's targets ------------------

list-sources:
	@printf '%s\n' $(call sources,$(or $(LIBRARY),vmastore))
list-flags:
	@printf '%s\n' $(VMS_COPTS)

# ---- installing --------------------------------------------------------------

# $(call to,FOLDER): the folder's path below DESTDIR.
to = "$(DESTDIR)$1"
# up_from_cmake: the way from CMAKEDIR up to PREFIX, as ../..; empty if CMAKEDIR
# does not lie below PREFIX.
space := $(empty) $(empty)
cmake_below := $(if $(filter $(PREFIX)/%,$(CMAKEDIR)),$(patsubst $(PREFIX)/%,%,$(CMAKEDIR)))
up_from_cmake := $(subst $(space),/,$(patsubst %,..,$(subst /, ,$(cmake_below))))
# Folders below PREFIX, in the words of a .pc file and of CMake, so that an
# installed copy can be moved.
in_pc = $(patsubst $(PREFIX)/%,$${prefix}/%,$1)
in_cmake = $(if $(up_from_cmake),$(patsubst $(PREFIX)/%,$${_vmastore_prefix}/%,$1),$1)
# $(call fill,LIBDIR,INCLUDEDIR): the sed command that fills in the templates of
# packaging/.
fill = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@SOVERSION@|$(SOVERSION)|g' \
	-e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LINK@|$(VMS_LINK_RCU)|g' -e 's|@LIBDIR@|$1|g' -e 's|@INCLUDEDIR@|$2|g' \
	-e 's|@UP@|$(up_from_cmake)|g' -e 's|@NAME@|$l|g' -e 's|@SUMMARY@|$($l_summary)|g' \
	-e 's|@FLAGS@|$($l_pc_flags)|g'
cmake_file = $(call to,$(CMAKEDIR)/vmastoreConfig$1.cmake)

install: install-lib install-man

install-lib: lib
	$(INSTALL) -d $(call to,$(LIBDIR)) $(call to,$(INCLUDEDIR)/vmastore) $(call to,$(PKGCONFIGDIR)) \
		$(call to,$(CMAKEDIR)) $(call to,$(LICENSEDIR))
	$(INSTALL) -m 644 $(vmastore_headers) $(call to,$(INCLUDEDIR)/vmastore)
	$(INSTALL) -m 644 LICENSE $(call to,$(LICENSEDIR))
	$(foreach l,$(libraries),$(install_library))
	$(call fill,$(call in_cmake,$(LIBDIR)),$(call in_cmake,$(INCLUDEDIR))) \
		packaging/vmastoreConfig.cmake.in >$(call cmake_file)
	$(fill) packaging/vmastoreConfigVersion.cmake.in >$(call cmake_file,Version)
	chmod 644 $(call cmake_file) $(call cmake_file,Version)

# Beside what install-lib puts: the same headers serve these libraries.
install-tsan: tsan
	$(INSTALL) -d $(call to,$(LIBDIR)) $(call to,$(PKGCONFIGDIR))
	$(foreach l,$(tsan_libraries),$(install_library))

define install_library
$(INSTALL) -m 644 $(BUILD)/lib$l.a $(call to,$(LIBDIR))
	$(INSTALL) -m 755 $(BUILD)/lib$l.so.$(VERSION) $(call to,$(LIBDIR))
	ln -sf lib$l.so.$(VERSION) $(call to,$(LIBDIR)/lib$l.so.$(SOVERSION))
	ln -sf lib$l.so.$(SOVERSION) $(call to,$(LIBDIR)/lib$l.so)
	$(call fill,$(call in_pc,$(LIBDIR)),$(call in_pc,$(INCLUDEDIR))) \
		packaging/vmastore.pc.in >$(call to,$(PKGCONFIGDIR)/$l.pc)
	chmod 644 $(call to,$(PKGCONFIGDIR)/$l.pc)

endef

install-man: man
	$(INSTALL) -d $(call to,$(MANDIR)/man3)
	$(INSTALL) -m 644 $(addprefix $(BUILD)/man/,$(header_pages)) $(call to,$(MANDIR)/man3)

install-tools: tools
	$(INSTALL) -d $(call to,$(BINDIR)) $(call to,$(MANDIR)/man1)
	$(INSTALL) -m 755 $(addprefix $(BUILD)/,$(programs)) $(call to,$(BINDIR))
	$(INSTALL) -m 644 $(patsubst %,$(BUILD)/man/%.1,$(programs)) $(call to,$(MANDIR)/man1)

uninstall:
	rm -f $(foreach f,$(installed),$(call to,$f))
	-for folder in $(foreach d,$(own_folders),$(call to,$d)); do \
		[ ! -d "$$folder" ] || rmdir "$$folder"; \
	done

# Every file that `make install` and its companions put anywhere.
installed = $(patsubst include/%,$(INCLUDEDIR)/%,$(vmastore_headers)) $(LICENSEDIR)/LICENSE \
	$(CMAKEDIR)/vmastoreConfig.cmake $(CMAKEDIR)/vmastoreConfigVersion.cmake \
	$(foreach l,$(libraries) $(tsan_libraries),$(PKGCONFIGDIR)/$l.pc \
		$(addprefix $(LIBDIR)/lib$l,.a .so .so.$(SOVERSION) .so.$(VERSION))) \
	$(addprefix $(MANDIR)/man3/,$(header_pages)) \
	$(foreach p,$(programs),$(BINDIR)/$p $(MANDIR)/man1/$p.1)
own_folders = $(INCLUDEDIR)/vmastore $(CMAKEDIR) $(LICENSEDIR)

clean:
	rm -rf $(BUILD)

help:
	@printf '%s\n' \
		'make                 both libraries and the manual pages, in $(BUILD)/' \
		'make install         puts them, the headers, .pc files and a CMake package below PREFIX' \
		'make tsan            both libraries once more, for programs built with -fsanitize=thread' \
		'make install-tsan    puts them and their .pc files beside what make install put' \
		'make tools           vmbench, vmrecord, vmreplay: need $(program_packages)' \
		'make install-tools   puts them and their manual pages below PREFIX' \
		'make uninstall       removes all of it; with the same variables as make install' \
		'make clean           removes $(BUILD)/: do it before you change CC or CFLAGS' \
		'' \
		'Variables, as they stand:' \
		$(foreach v,$(variables),'  $v=$($v)')
variables := CC CPPFLAGS CFLAGS LDFLAGS BUILD DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR MANDIR
