#ifndef CSHIMS_H
#define CSHIMS_H

// System calls and C lines that Swift cannot express or that the Glibc module lacks.

#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

// epoll_wait with a limit in nanoseconds. Kernels before 5.11 and some sandboxes lack epoll_pwait2: there the limit is
// rounded up to milliseconds. Returns what epoll_wait returns.
int cshims_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds);

// Names the calling thread (15 bytes at most are kept) and blocks all signals for it and the threads it starts.
void cshims_prepare_thread(const char *name);

// Raises the soft limit of open descriptors to the hard one; returns the limit that holds now, or -1.
int64_t cshims_raise_descriptor_limit(void);

// A pipe whose ends no other program inherits (pipe2).
int cshims_pipe(int ends[2]);

// Has the program that is started close all descriptors from `first` on.
int cshims_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

// Tell Thread Sanitizer, in a build that has it, of a lock that it does not see: code that was not compiled with it took
// the lock, or is about to give it back. Nothing otherwise.
extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));
static inline void cshims_lock_taken(void *lock) {
    if (__tsan_acquire) __tsan_acquire(lock);
}
static inline void cshims_lock_given_back(void *lock) {
    if (__tsan_release) __tsan_release(lock);
}

#endif
