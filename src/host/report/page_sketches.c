/* Groups of drawings as JSON. */
#include "report/page_sketches.h"

static vae_status add_drawings(const vae_page_sketches *group, json_t *drawings)
{
    for (int64_t i = 0; i < group->count; ++i) {
        json_t *drawing;
        VAE_TRY(vae_sketch_json(&group->sketches[i], &drawing));
        if (json_array_append_new(drawings, drawing)) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    }
    return VAE_OK;
}

vae_status vae_page_sketches_add(const vae_page_sketches *group, json_t **groups)
{
    json_t *drawings = json_array();
    vae_status status = add_drawings(group, drawings);
    if (status) {
        json_decref(drawings);
        return status;
    }
    json_t *made = json_pack("{s:s, s:s, s:I, s:o}", "title", group->title, "caption", group->caption, "columns",
                             (json_int_t)group->columns, "drawings", drawings);
    if (!*groups) *groups = json_array();
    if (!made || json_array_append_new(*groups, made)) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    return VAE_OK;
}
