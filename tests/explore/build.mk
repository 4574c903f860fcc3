# SPDX-License-Identifier: MIT
# build.mk - builds the explorer: the library with a call before each access to
# memory, the scenarios likewise, and what stands for the runtime.
#
#   make -f tests/explore/build.mk BUILD=FOLDER [TREE=FOLDER] [CC=gcc]
#
# TREE holds the lib/ and include/ that are explored: a copy with a planted bug.
# The scenarios and the explorer come from the working directory.
TREE ?= .
CC := gcc

ROOMS := sync sync/objcache rbtree maple maple/isa engine page page/rmap mm
LIB := $(foreach r,$(ROOMS),$(wildcard $(TREE)/lib/$r/*.c))
OWN := $(wildcard tests/explore/*.c)
SCENARIOS := $(wildcard tests/explore/scenarios/*.c)

FLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -g -O1 -fno-pie -DVMS_DEBUG \
	-I$(TREE)/include -I$(TREE) -I. -MMD -MP
# As in bench/instrument: the library must not take itself for one that runs
# under ThreadSanitizer. A volatile access is told from a plain one, because
# liburcu's read side is made of such.
INSTRUMENT := -fsanitize=thread -U__SANITIZE_THREAD__ --param=tsan-instrument-func-entry-exit=0 \
	--param=tsan-distinguish-volatile=1 -fno-builtin-memset -fno-builtin-memcpy \
	-fno-builtin-memmove -fno-tree-loop-distribute-patterns -U_FORTIFY_SOURCE \
	-fno-omit-frame-pointer -fno-optimize-sibling-calls -Wno-tsan
WRAPPED := syscall clock_gettime sched_yield nanosleep sysconf pthread_mutex_lock \
	pthread_mutex_unlock pthread_cond_wait pthread_cond_clockwait pthread_cond_signal \
	pthread_cond_broadcast pthread_create pthread_setname_np abort vms__warn \
	vms__assert_failed malloc calloc aligned_alloc free mmap munmap memcpy memmove memset

LIB_OBJECTS := $(patsubst $(TREE)/%.c,$(BUILD)/%.o,$(LIB))
OWN_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(OWN))
SCENARIO_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(SCENARIOS))

$(BUILD)/explore: $(LIB_OBJECTS) $(OWN_OBJECTS) $(SCENARIO_OBJECTS)
	$(CC) -no-pie -o $@ $^ -pthread $(patsubst %,-Wl$(comma)--wrap=%,$(WRAPPED))

comma := ,

$(BUILD)/lib/%.o: $(TREE)/lib/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(INSTRUMENT) -c -o $@ $<

$(BUILD)/tests/explore/scenarios/%.o: tests/explore/scenarios/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(INSTRUMENT) -c -o $@ $<

$(BUILD)/tests/explore/%.o: tests/explore/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -O2 -c -o $@ $<

-include $(patsubst %.o,%.d,$(LIB_OBJECTS) $(OWN_OBJECTS) $(SCENARIO_OBJECTS))
