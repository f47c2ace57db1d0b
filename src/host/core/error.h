/* How the library's own code reports failure: set the message once, where it is known, and pass the code up. */
#ifndef VAE_CORE_ERROR_H
#define VAE_CORE_ERROR_H

#include <vae/status.h>

/* Sets this thread's message and returns `status`, for `return vae_error_set(...)`. */
__attribute__((format(printf, 2, 3))) vae_status vae_error_set(vae_status status, const char *format, ...);

/* Puts "context: " before this thread's message and returns `status`; for callers that know the file or the key. */
__attribute__((format(printf, 2, 3))) vae_status vae_error_prepend(vae_status status, const char *format, ...);

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
