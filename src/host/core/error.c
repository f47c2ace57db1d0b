#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 1024 };

static _Thread_local char message[MESSAGE_SIZE];

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

void vae_error_format(const char *format, ...)
{
    /* Built aside, as the old message may be among the arguments. */
    char text[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    memcpy(message, text, sizeof message);
}

void vae_error_add_context(const char *format, ...)
{
    char old[MESSAGE_SIZE], text[MESSAGE_SIZE];
    memcpy(old, message, sizeof old);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < MESSAGE_SIZE) {
        snprintf(text + length, (size_t)(MESSAGE_SIZE - length), ": %s", old);
    }
    memcpy(message, text, sizeof message);
}
