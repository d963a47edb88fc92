/* Loaded before the C library (LD_PRELOAD), carries out C11's threads, mutexes and conditions by the POSIX functions that
   they are made of. Thread Sanitizer knows only those: in a thread that librdkafka started by thrd_create it crashes. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

/* glibc's types of both families are laid out alike, and it casts them in the same way. */
#define MUTEX(mutex) ((pthread_mutex_t *)(mutex))
#define CONDITION(condition) ((pthread_cond_t *)(condition))

struct start {
    thrd_start_t function;
    void *argument;
};

static void *run(void *memory) {
    struct start start = *(struct start *)memory;
    free(memory);
    return (void *)(intptr_t)start.function(start.argument);
}

static int result(int error) {
    switch (error) {
    case 0: return thrd_success;
    case EBUSY: return thrd_busy;
    case ETIMEDOUT: return thrd_timedout;
    case ENOMEM: return thrd_nomem;
    default: return thrd_error;
    }
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
    struct start *start = malloc(sizeof *start);
    if (!start) return thrd_nomem;
    *start = (struct start){function, argument};
    int error = pthread_create((pthread_t *)thread, NULL, run, start);
    if (error) free(start);
    return result(error);
}

int thrd_join(thrd_t thread, int *code) {
    void *value;
    int error = pthread_join((pthread_t)thread, &value);
    if (!error && code) *code = (int)(intptr_t)value;
    return result(error);
}

int thrd_detach(thrd_t thread) { return result(pthread_detach((pthread_t)thread)); }

int mtx_init(mtx_t *mutex, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int error = pthread_mutex_init(MUTEX(mutex), &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(error);
}

void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy(MUTEX(mutex)); }
int mtx_lock(mtx_t *mutex) { return result(pthread_mutex_lock(MUTEX(mutex))); }
int mtx_trylock(mtx_t *mutex) { return result(pthread_mutex_trylock(MUTEX(mutex))); }
int mtx_unlock(mtx_t *mutex) { return result(pthread_mutex_unlock(MUTEX(mutex))); }

int cnd_init(cnd_t *condition) { return result(pthread_cond_init(CONDITION(condition), NULL)); }
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy(CONDITION(condition)); }
int cnd_signal(cnd_t *condition) { return result(pthread_cond_signal(CONDITION(condition))); }
int cnd_broadcast(cnd_t *condition) { return result(pthread_cond_broadcast(CONDITION(condition))); }
int cnd_wait(cnd_t *condition, mtx_t *mutex) { return result(pthread_cond_wait(CONDITION(condition), MUTEX(mutex))); }

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict end) {
    return result(pthread_cond_timedwait(CONDITION(condition), MUTEX(mutex), end));
}
