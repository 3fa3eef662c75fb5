/* Gives the pseudo-terminal of `luatwin serial --pty` the lines DTR and RTS that Linux does not give it.
 *
 *     cc -shared -fPIC -o modem_lines.so modem_lines.c
 *     LD_PRELOAD=$PWD/modem_lines.so wcc -p /dev/pts/3 -ls /
 *
 * A program that asks for the lines of a pseudo-terminal gets an error from the kernel; here the question then goes to
 * luatwin, which listens on an abstract socket named after the terminal. A program that insists on finding its port in
 * /sys/class/tty (libserialport does) finds it. Everything else is the kernel's, and so are all other terminals.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTENER "luatwin" /* and the name of the terminal; simulator.serial_port.modem_lines has it, too */
#define CLASS "/sys/class/tty/"

/* Send `operation` (get, set, on or off) and `lines` to the luatwin that owns the terminal; get the lines as they are. */
static int ask(int fd, char operation, int *lines) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    if (ttyname_r(fd, name, sizeof name) != 0)
        return -1;
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, LISTENER "%s", name);
    int channel = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (channel < 0)
        return -1;
    unsigned char request[2] = {(unsigned char)operation, 0}, answer;
    if (operation != 'g')
        request[1] = (unsigned char)((*lines & TIOCM_DTR ? 1 : 0) | (*lines & TIOCM_RTS ? 2 : 0));
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int done = connect(channel, (struct sockaddr *)&address, size) == 0 && send(channel, request, 2, 0) == 2
        && recv(channel, &answer, 1, 0) == 1;
    close(channel);
    if (done && operation == 'g')
        *lines = (answer & 1 ? TIOCM_DTR : 0) | (answer & 2 ? TIOCM_RTS : 0);
    return done ? 0 : -1;
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*kernel)(int, unsigned long, ...);
    if (!kernel)
        kernel = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    int result = kernel(fd, request, argument), error = errno;
    char operation = request == TIOCMGET ? 'g' : request == TIOCMSET ? 's' : request == TIOCMBIS ? '+'
        : request == TIOCMBIC ? '-' : 0;
    if (result < 0 && operation && ask(fd, operation, argument) == 0)
        return 0;
    errno = error;
    return result;
}

ssize_t readlink(const char *restrict path, char *restrict target, size_t size) {
    static ssize_t (*kernel)(const char *, char *, size_t);
    if (!kernel)
        kernel = (ssize_t (*)(const char *, char *, size_t))dlsym(RTLD_NEXT, "readlink");
    char terminal[64], link[128];
    if (strncmp(path, CLASS "pts/", strlen(CLASS "pts/")) != 0)
        return kernel(path, target, size);
    snprintf(terminal, sizeof terminal, "/dev/%s", path + strlen(CLASS));
    if (access(terminal, F_OK) != 0)
        return kernel(path, target, size);
    size_t length = (size_t)snprintf(link, sizeof link, "../../devices/virtual/tty/%s", path + strlen(CLASS));
    memcpy(target, link, length < size ? length : size);
    return (ssize_t)(length < size ? length : size);
}
