/* How the library's own code reports failure: set the message once, where the cause is known, and pass the code up. */
#ifndef VAE_CORE_ERROR_H
#define VAE_CORE_ERROR_H

#include <vae/status.h>

/* Room for three paths of any length. */
enum { VAE_MESSAGE_SIZE = 1 << 14 };

/* Sets this thread's message and gives `status`, for `return vae_error_set(...)`. Macros, so that compilers and
 * analysers see in each file that the result is a failure. */
#define vae_error_set(status, ...) vae_failure((vae_error_format(__VA_ARGS__), (status)))

/* Puts "context: " before this thread's message and gives `status`; for callers that know the file or the key. */
#define vae_error_prepend(status, ...) vae_failure((vae_error_add_context(__VA_ARGS__), (status)))

__attribute__((format(printf, 1, 2))) void vae_error_format(const char *format, ...);
__attribute__((format(printf, 1, 2))) void vae_error_add_context(const char *format, ...);

static inline vae_status vae_failure(vae_status status)
{
    return status;
}

/* Passes a failure up unchanged. */
#define VAE_TRY(expression)                                                                                            \
    do {                                                                                                               \
        vae_status try_status_ = (expression);                                                                         \
        if (try_status_) return try_status_;                                                                           \
    } while (0)

/* The same in functions that own something: jumps to `label` with `status` set. */
#define VAE_TRY_GOTO(status, label, expression)                                                                        \
    do {                                                                                                               \
        (status) = (expression);                                                                                       \
        if (status) goto label;                                                                                        \
    } while (0)

#endif
