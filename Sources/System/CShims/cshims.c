#define _GNU_SOURCE
#include "cshims.h"
#include "cshims_curl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int cshims_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t nanoseconds) {
    static atomic_bool isMissing;
    if (!atomic_load_explicit(&isMissing, memory_order_relaxed)) {
        struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
        int count = epoll_pwait2(epoll, events, capacity, &limit, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return count;
        atomic_store_explicit(&isMissing, true, memory_order_relaxed);
    }
    return epoll_wait(epoll, events, capacity, (int)((nanoseconds + 999999) / 1000000));
}

void cshims_prepare_thread(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
    pthread_setname_np(pthread_self(), kept);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
}

int64_t cshims_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    if (limit.rlim_cur != limit.rlim_max) {
        rlim_t before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return (int64_t)before;
    }
    return (int64_t)limit.rlim_cur;
}

int cshims_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int cshims_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}
