/* The message of the last failure, one for each thread, always valid UTF-8; and names of status codes. */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/utf8.h"

static _Thread_local char message[VAE_MESSAGE_SIZE];

const char *vae_status_name(vae_status status)
{
    switch (status) {
#define VAE_STATUS_ROW(name, meaning)                                                                                  \
    case VAE_##name: return "VAE_" #name;
        VAE_STATUS_MAP(VAE_STATUS_ROW)
#undef VAE_STATUS_ROW
    }
    return "VAE_UNKNOWN";
}

const char *vae_status_meaning(vae_status status)
{
    switch (status) {
#define VAE_STATUS_ROW(name, meaning)                                                                                  \
    case VAE_##name: return meaning;
        VAE_STATUS_MAP(VAE_STATUS_ROW)
#undef VAE_STATUS_ROW
    }
    return "unknown status";
}

const char *vae_error_message(void)
{
    return message;
}

/* Texts are made aside, as the old message may be among the arguments, and with room for more than is shown, so that
 * what is too long ends in an ellipsis. */
enum { RAW_SIZE = 2 * VAE_MESSAGE_SIZE + 8 };

void vae_error_format(const char *format, ...)
{
    char raw[RAW_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    vae_utf8_show(raw, message, sizeof message);
}

void vae_error_add_context(const char *format, ...)
{
    char raw[RAW_SIZE];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < RAW_SIZE) snprintf(raw + length, (size_t)(RAW_SIZE - length), ": %s", message);
    vae_utf8_show(raw, message, sizeof message);
}
