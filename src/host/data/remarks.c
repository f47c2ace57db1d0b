/* Notes of what reading data left out or changed, counted by kind. */
#include "data/remarks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/error.h"
#include "core/utf8.h"

static void set_detail(vae_remark *remark, const char *format, va_list arguments)
{
    char raw[VAE_MESSAGE_SIZE];
    vsnprintf(raw, sizeof raw, format, arguments);
    vae_utf8_show(raw, remark->detail, sizeof remark->detail);
}

void vae_remarks_add(vae_remarks *remarks, vae_remark_kind kind, int64_t count, const char *format, ...)
{
    vae_remark *remark = &remarks->of[kind];
    if (!remark->detail[0] && format) {
        va_list arguments;
        va_start(arguments, format);
        set_detail(remark, format, arguments);
        va_end(arguments);
    }
    remark->count += count;
}

void vae_remarks_describe(vae_remarks *remarks, vae_remark_kind kind, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_detail(&remarks->of[kind], format, arguments);
    va_end(arguments);
}

void vae_remarks_merge(vae_remarks *remarks, const vae_remarks *more)
{
    for (int kind = 0; kind < VAE_REMARK_KINDS; ++kind) {
        const vae_remark *remark = &more->of[kind];
        if (remark->count > 0) vae_remarks_add(remarks, (vae_remark_kind)kind, remark->count, "%s", remark->detail);
    }
}

bool vae_remark_write(const vae_remarks *remarks, vae_remark_kind kind, char text[VAE_REMARK_TEXT])
{
    static const char *const texts[VAE_REMARK_KINDS][2] = {
#define VAE_REMARK_ROW(name, one, several) {one, several},
        VAE_REMARK_MAP(VAE_REMARK_ROW)
#undef VAE_REMARK_ROW
    };
    const vae_remark *remark = &remarks->of[kind];
    if (remark->count == 0) return false;
    snprintf(text, VAE_REMARK_TEXT, "%" PRId64 " %s%s%s", remark->count, texts[kind][remark->count > 1],
             remark->detail[0] ? ": " : "", remark->detail);
    return true;
}
