/* What reading the data left out or changed, a line a kind. */
#include "cli/remarks.h"

#include <stdio.h>

void vae_cli_tell_remarks_of(const char *name, const vae_remarks *remarks)
{
    char text[VAE_REMARK_TEXT];
    for (int kind = 0; kind < VAE_REMARK_KINDS; ++kind) {
        if (!vae_remark_write(remarks, (vae_remark_kind)kind, text)) continue;
        fprintf(stderr, "vae-cuda: warning: %s: %s\n", name, text);
    }
}

void vae_cli_tell_remarks(const vae_splits *splits)
{
    vae_cli_tell_remarks_of("[data] train_images", &splits->train.remarks);
    vae_cli_tell_remarks_of("[data] test_images", &splits->test.remarks);
}
