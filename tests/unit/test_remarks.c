/* data/remarks.c: what is left out is counted by kind and told in one line. */
#include <criterion/criterion.h>
#include <string.h>

#include "data/remarks.h"

Test(remarks, counted_and_told_once)
{
    char text[VAE_REMARK_TEXT];
    vae_remarks remarks = {0}, more = {0};
    cr_expect_not(vae_remark_write(&remarks, VAE_REMARK_DAMAGED, text));
    vae_remarks_add(&remarks, VAE_REMARK_DAMAGED, 1, NULL);
    cr_expect(vae_remark_write(&remarks, VAE_REMARK_DAMAGED, text));
    cr_expect_str_eq(text, "1 damaged picture was left out");
    vae_remarks_add(&more, VAE_REMARK_DAMAGED, 2, "the first is %s", "a.png");
    vae_remarks_add(&more, VAE_REMARK_DAMAGED, 3, "the first is %s", "b.png");
    vae_remarks_merge(&remarks, &more);
    vae_remark_write(&more, VAE_REMARK_DAMAGED, text);
    cr_expect_str_eq(text, "5 damaged pictures were left out: the first is a.png");
    vae_remark_write(&remarks, VAE_REMARK_DAMAGED, text);
    cr_expect_str_eq(text, "6 damaged pictures were left out: the first is a.png");
}

/* A detail of any length fits. */
Test(remarks, long_details_are_cut)
{
    char text[VAE_REMARK_TEXT], path[4096];
    vae_remarks remarks = {0};
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    vae_remarks_add(&remarks, VAE_REMARK_DAMAGED, 1, "%s", path);
    cr_expect(vae_remark_write(&remarks, VAE_REMARK_DAMAGED, text));
    cr_expect_lt(strlen(text), sizeof text);
}
