/* Status codes and error messages.
 *
 * Every fallible function of the library returns a vae_status. VAE_OK is zero, so `if (status)` means failure.
 * On failure the calling thread's message, which names the file, line, key or tensor and what was expected, is
 * available from vae_error_message() until that thread's next failing call. The message is thread-local; the
 * library has no other mutable state outside the objects that it hands out. */
#ifndef VAE_STATUS_H
#define VAE_STATUS_H

#include <vae/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One row per code: name, what it means. */
#define VAE_STATUS_MAP(X)                                                                                              \
    X(OK, "success")                                                                                                   \
    X(ERROR_ARGUMENT, "an argument of a call is out of range")                                                         \
    X(ERROR_CONFIG, "the configuration or command line is not valid")                                                  \
    X(ERROR_IO, "a file cannot be opened, read or written")                                                            \
    X(ERROR_FORMAT, "a file's content does not follow its format")                                                     \
    X(ERROR_SHAPE, "shapes or architectures do not match")                                                             \
    X(ERROR_MEMORY, "out of memory")                                                                                   \
    X(ERROR_DEVICE, "the requested device or precision is not available here")                                         \
    X(ERROR_NUMERIC, "a value that must be finite is not")                                                             \
    X(ERROR_INTERRUPTED, "the caller asked to stop")

typedef enum vae_status {
#define VAE_STATUS_ROW(name, meaning) VAE_##name,
    VAE_STATUS_MAP(VAE_STATUS_ROW)
#undef VAE_STATUS_ROW
} vae_status;

/* The code's name, "VAE_ERROR_IO" say; never NULL. */
VAE_API const char *vae_status_name(vae_status status);

/* What the code means in general; never NULL. */
VAE_API const char *vae_status_meaning(vae_status status);

/* The message of this thread's last failure, "" before any; owned by the library, valid until the next failure.
 * It is UTF-8 without control characters: a byte of a path that cannot be shown is written \xHH. */
VAE_API const char *vae_error_message(void);

#ifdef __cplusplus
}
#endif

#endif
