/* What reading the data left out or changed, a line a kind. */
#include "cli/remarks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"

void vae_cli_warn(const char *format, ...)
{
    char raw[VAE_MESSAGE_SIZE], shown[2 * VAE_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    vae_utf8_show(raw, shown, sizeof shown);
    fprintf(stderr, "vae-cuda: warning: %s\n", shown);
}

static void warn_of_device(void *context, const char *text)
{
    (void)context;
    vae_cli_warn("%s", text);
}

vae_device_remarks vae_cli_device_remarks(void)
{
    return (vae_device_remarks){.tell = warn_of_device};
}

void vae_cli_tell_remarks_of(const char *name, const vae_remarks *remarks)
{
    char text[VAE_REMARK_TEXT];
    for (int kind = 0; kind < VAE_REMARK_KINDS; ++kind) {
        if (!vae_remark_write(remarks, (vae_remark_kind)kind, text)) continue;
        vae_cli_warn("%s: %s", name, text);
    }
}

void vae_cli_tell_note(const vae_splits *splits)
{
    for (const char *line = splits->note; *line;) {
        const int length = (int)strcspn(line, "\n");
        fprintf(stderr, "vae-cuda: warning: %.*s\n", length, line);
        line += length + (line[length] == '\n');
    }
}

void vae_cli_tell_remarks(const vae_splits *splits)
{
    vae_cli_tell_note(splits);
    vae_cli_tell_remarks_of("[data] train_data", &splits->train.remarks);
    vae_cli_tell_remarks_of("[data] validation_data", &splits->validation.remarks);
    vae_cli_tell_remarks_of("[data] test_data", &splits->test.remarks);
}
