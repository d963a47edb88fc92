/* Loaded before the C library (LD_PRELOAD), moves a program's wall clock by the nanoseconds that the file CLOCK_JUMP_FILE
   holds, eight bytes, at any moment: what `date -s` does to a machine. Monotonic time goes on, and waits until a wall-clock
   time last as long as they would, as the kernel sees to when its clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND = 1000000000;
static volatile int64_t *jump;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CLOCK_JUMP_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *memory = mmap(NULL, sizeof *jump, PROT_READ, MAP_SHARED, file, 0);
    if (memory != MAP_FAILED) jump = memory;
    close(file);
}

static struct timespec moved(struct timespec time, int64_t by) {
    int64_t nanoseconds = time.tv_sec * SECOND + time.tv_nsec + by;
    return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

static int64_t offset(void) { return jump ? *jump : 0; }

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (syscall(SYS_clock_gettime, clock, time) != 0) return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) *time = moved(*time, offset());
    return 0;
}

int gettimeofday(struct timeval *time, void *zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *time = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC) return 0;
    clock_gettime(CLOCK_REALTIME, time);
    return base;
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict end) {
    static int (*wait)(cnd_t *, mtx_t *, const struct timespec *);
    if (!wait) wait = dlsym(RTLD_NEXT, "cnd_timedwait");
    struct timespec real = moved(*end, -offset());
    return wait(condition, mutex, &real);
}
