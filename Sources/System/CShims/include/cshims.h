#ifndef CSHIMS_H
#define CSHIMS_H

// System calls and C lines that Swift cannot express or that the Glibc module lacks.

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/resource.h>

#endif
