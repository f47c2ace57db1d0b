/* Groups of sentences as JSON: {title, caption, labels, strips: [[text, …], …]}; a text of which a
 * part was given is [given, rest]. */
#include "report/page_sentences.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"

static json_t *write_text(const vae_page_sentences *group, int64_t index)
{
    const char *text = group->texts[index];
    if (!group->given || group->given[index] == 0) return vae_json_text(text);
    char *given = strndup(text, group->given[index]);
    json_t *parts = json_pack("[o, o]", given ? vae_json_text(given) : NULL, vae_json_text(text + group->given[index]));
    free(given);
    return parts;
}

static json_t *list_strips(const vae_page_sentences *group)
{
    json_t *strips = json_array(), *strip = NULL;
    for (int64_t i = 0; i < group->count; ++i) {
        if (i % group->columns == 0) json_array_append_new(strips, strip = json_array());
        json_array_append_new(strip, write_text(group, i));
    }
    return strips;
}

static json_t *list_labels(const vae_page_sentences *group)
{
    json_t *labels = json_array();
    for (int64_t i = 0; group->labels && i < group->columns; ++i)
        json_array_append_new(labels, json_string(group->labels[i]));
    return labels;
}

vae_status vae_page_sentences_add(const vae_page_sentences *group, json_t **groups)
{
    json_t *made = json_pack("{s:s, s:s, s:o, s:o}", "title", group->title, "caption", group->caption, "labels",
                             list_labels(group), "strips", list_strips(group));
    if (!*groups) *groups = json_array();
    if (!made || json_array_append_new(*groups, made)) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    return VAE_OK;
}
