// A library for LD_PRELOAD that sees every call with which a program changes the disk below one directory, counts them
// over all processes that carry it, and at the nth ends, stops or fails the caller. Not one byte of what is tested is
// changed for it, and redirections of a shell are seen like the calls of its tools.
//
//   CANARY_FAULT_UNDER    directories, separated by ':'; calls on other paths pass
//   CANARY_FAULT_COUNT    a file of 8 bytes that all processes count in
//   CANARY_FAULT_LOG      a file that gets a line for each call: number, operation, path
//   CANARY_FAULT_AT       the number of the call that is hit, or FIRST-LAST
//   CANARY_FAULT_ONLY     operations that count: "sync", or empty for all
//   CANARY_FAULT_DO       kill, killgroup, stop, eio, enospc, killgroup-after (the call is made first)
//   CANARY_FAULT_TRIGGER  nothing is counted before this file exists
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *under, *logged, *only, *action, *trigger;
static long first, last;
static _Atomic long *count;
static int ready;

__attribute__((constructor)) static void enter(void) {
  under = getenv("CANARY_FAULT_UNDER");
  const char *counter = getenv("CANARY_FAULT_COUNT");
  if (!under || !counter) return;
  logged = getenv("CANARY_FAULT_LOG");
  only = getenv("CANARY_FAULT_ONLY");
  action = getenv("CANARY_FAULT_DO");
  trigger = getenv("CANARY_FAULT_TRIGGER");
  const char *at = getenv("CANARY_FAULT_AT");
  if (at) {
    char *rest;
    first = strtol(at, &rest, 10);
    last = *rest == '-' ? strtol(rest + 1, NULL, 10) : first;
  }
  int fd = (int)syscall(SYS_openat, AT_FDCWD, counter, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  if (syscall(SYS_ftruncate, fd, sizeof(long)) == 0) {
    void *page = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) count = page;
  }
  syscall(SYS_close, fd);
  ready = count != NULL;
}

static int is_watched(const char *path) {
  for (const char *start = under; start && *start;) {
    const char *end = strchrnul(start, ':');
    size_t length = (size_t)(end - start);
    if (strncmp(path, start, length) == 0 && (path[length] == '/' || path[length] == 0)) {
      // The lock is opened for each request, and what restart commands write is the service's own.
      const char *rest = path + length;
      return !strstr(rest, "/shared/") && !strstr(rest, "/run/") && !strstr(rest, "/.canary/lock");
    }
    start = *end ? end + 1 : end;
  }
  return 0;
}

static const char *whole(int dir, const char *path, char *buffer) {
  if (!path) return "";
  if (path[0] == '/') return path;
  char link[64];
  if (dir == AT_FDCWD) strcpy(link, "/proc/self/cwd");
  else snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
  ssize_t length = readlink(link, buffer, PATH_MAX);
  if (length < 0) return "";
  if (path[0] == 0) {
    buffer[length] = 0;
    return buffer;
  }
  if (path[0] == '.' && path[1] == '/') path += 2;
  snprintf(buffer + length, PATH_MAX, "/%s", path);
  return buffer;
}

enum { GO_ON = 0, FAIL = 1, KILL_AFTER = 2 };

static int meet(const char *operation, int dir, const char *path) {
  if (!ready) return GO_ON;
  int saved = errno;
  char buffer[2 * PATH_MAX + 2];
  const char *full = whole(dir, path, buffer);
  if (!is_watched(full) || (only && *only && strcmp(only, operation))) {
    errno = saved;
    return GO_ON;
  }
  if (trigger && syscall(SYS_faccessat, AT_FDCWD, trigger, F_OK) != 0) {
    errno = saved;
    return GO_ON;
  }
  long number = atomic_fetch_add(count, 1) + 1;
  if (logged) {
    char line[2 * PATH_MAX + 64];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, operation, full);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, logged, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
      syscall(SYS_write, fd, line, (size_t)length);
      syscall(SYS_close, fd);
    }
  }
  errno = saved;
  if (!action || first == 0 || number < first || number > last) return GO_ON;
  if (!strcmp(action, "kill")) raise(SIGKILL);
  if (!strcmp(action, "killgroup")) { kill(0, SIGKILL); for (;;) pause(); }
  if (!strcmp(action, "stop")) raise(SIGSTOP);
  if (!strcmp(action, "killgroup-after")) return KILL_AFTER;
  if (!strcmp(action, "eio")) { errno = EIO; return FAIL; }
  if (!strcmp(action, "enospc")) { errno = ENOSPC; return FAIL; }
  return GO_ON;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PASS(operation, dir, path, call)                              \
  do {                                                                \
    int met = meet(operation, dir, path);                             \
    if (met == FAIL) return -1;                                       \
    __typeof__(call) result = call;                                   \
    if (met == KILL_AFTER) { kill(0, SIGKILL); for (;;) pause(); }    \
    return result;                                                    \
  } while (0)

#define OPENING(flags) ((flags) & (O_CREAT | O_TRUNC))
#define MODE(flags) mode_t mode = 0; if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }

int open(const char *path, int flags, ...) {
  MODE(flags)
  if (!OPENING(flags)) return NEXT(open)(path, flags, mode);
  PASS("open", AT_FDCWD, path, NEXT(open)(path, flags, mode));
}
int open64(const char *path, int flags, ...) {
  MODE(flags)
  if (!OPENING(flags)) return NEXT(open64)(path, flags, mode);
  PASS("open", AT_FDCWD, path, NEXT(open64)(path, flags, mode));
}
int openat(int dir, const char *path, int flags, ...) {
  MODE(flags)
  if (!OPENING(flags)) return NEXT(openat)(dir, path, flags, mode);
  PASS("open", dir, path, NEXT(openat)(dir, path, flags, mode));
}
int openat64(int dir, const char *path, int flags, ...) {
  MODE(flags)
  if (!OPENING(flags)) return NEXT(openat64)(dir, path, flags, mode);
  PASS("open", dir, path, NEXT(openat64)(dir, path, flags, mode));
}
ssize_t write(int fd, const void *bytes, size_t size) { PASS("write", fd, "", NEXT(write)(fd, bytes, size)); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { PASS("write", fd, "", NEXT(pwrite)(fd, bytes, size, at)); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { PASS("write", fd, "", NEXT(pwrite64)(fd, bytes, size, at)); }
int fsync(int fd) { PASS("sync", fd, "", NEXT(fsync)(fd)); }
int fdatasync(int fd) { PASS("sync", fd, "", NEXT(fdatasync)(fd)); }
int syncfs(int fd) { PASS("sync", fd, "", NEXT(syncfs)(fd)); }
int rename(const char *from, const char *to) { PASS("rename", AT_FDCWD, to, NEXT(rename)(from, to)); }
int renameat(int a, const char *from, int b, const char *to) { PASS("rename", b, to, NEXT(renameat)(a, from, b, to)); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { PASS("rename", b, to, NEXT(renameat2)(a, from, b, to, flags)); }
int symlink(const char *to, const char *path) { PASS("symlink", AT_FDCWD, path, NEXT(symlink)(to, path)); }
int symlinkat(const char *to, int dir, const char *path) { PASS("symlink", dir, path, NEXT(symlinkat)(to, dir, path)); }
int unlink(const char *path) { PASS("unlink", AT_FDCWD, path, NEXT(unlink)(path)); }
int unlinkat(int dir, const char *path, int flags) { PASS("unlink", dir, path, NEXT(unlinkat)(dir, path, flags)); }
int mkdir(const char *path, mode_t mode) { PASS("mkdir", AT_FDCWD, path, NEXT(mkdir)(path, mode)); }
int mkdirat(int dir, const char *path, mode_t mode) { PASS("mkdir", dir, path, NEXT(mkdirat)(dir, path, mode)); }
int ftruncate(int fd, off_t size) { PASS("truncate", fd, "", NEXT(ftruncate)(fd, size)); }
int ftruncate64(int fd, off64_t size) { PASS("truncate", fd, "", NEXT(ftruncate64)(fd, size)); }
int fchmodat(int dir, const char *path, mode_t mode, int flags) { PASS("chmod", dir, path, NEXT(fchmodat)(dir, path, mode, flags)); }
