/* Standard input, output and error. */
#include "cli/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void vae_streams_prepare(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
        /* open() takes the lowest free number: this one, as those below are taken. */
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0) return;
    }
}

vae_status vae_streams_check(void)
{
    errno = 0;
    const int failed = fflush(stdout) | ferror(stdout);
    if (!failed) return VAE_OK;
    return vae_error_set(VAE_ERROR_IO, "standard output cannot be written%s%s; some of the output is lost",
                         errno ? ": " : "", errno ? strerror(errno) : "");
}

void vae_streams_forgive(void)
{
    if (!vae_streams_check()) return;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return;
    dup2(null, STDOUT_FILENO);
    close(null);
    clearerr(stdout);
}
