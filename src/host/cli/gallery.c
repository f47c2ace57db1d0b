/* Keeps items of a grid with their places and labels. */
#include "cli/gallery.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/file.h"

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "a grid: out of memory");
}

vae_status vae_gallery_open(int64_t elements, vae_gallery *gallery)
{
    *gallery = (vae_gallery){0};
    return vae_sequence_list_create(elements, &gallery->list);
}

void vae_gallery_free(vae_gallery *g)
{
    vae_sequence_list_free(&g->list);
    free(g->places);
    free(g->names);
    free(g->heads);
    *g = (vae_gallery){0};
}

/* Copies one more to the list. */
static vae_status add_label(char (**list)[VAE_GALLERY_LABEL], int64_t *count, const char *label)
{
    char(*grown)[VAE_GALLERY_LABEL] = realloc(*list, (size_t)(*count + 1) * sizeof *grown);
    if (!grown) return no_memory();
    *list = grown;
    snprintf(grown[(*count)++], VAE_GALLERY_LABEL, "%s", label ? label : "");
    return VAE_OK;
}

vae_status vae_gallery_begin_strip(vae_gallery *g, const vae_sequence_sink_plan *plan, const char *name)
{
    const int64_t columns = plan->columns;
    if (plan->pairs) return VAE_OK;
    g->cells = (g->cells + columns - 1) / columns * columns;
    return add_label(&g->names, &g->name_count, name);
}

/* Items of the first strip head the columns. Of pairs they are the names of rows, two and two. */
static vae_status take_label(vae_gallery *g, const vae_sequence_sink *sink, const char *label)
{
    const int64_t columns = sink->plan.columns, pairs = sink->plan.count / 2;
    const bool names_row = sink->plan.pairs && g->name_count < 2 * ((pairs + columns - 1) / columns);
    if (names_row) return add_label(&g->names, &g->name_count, label);
    return sink->strips == 1 && !sink->plan.pairs ? add_label(&g->heads, &g->head_count, label) : VAE_OK;
}

int64_t vae_gallery_cell_of_pairs(int64_t number, int64_t columns)
{
    const int64_t pair = number / 2;
    return (pair / columns * 2 + number % 2) * columns + pair % columns;
}

vae_status vae_gallery_add(vae_gallery *g, const vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    const int64_t count = g->list.count;
    const int64_t cell = sink->plan.pairs ? vae_gallery_cell_of_pairs(count, sink->plan.columns) : g->cells;
    vae_gallery_place *grown = realloc(g->places, (size_t)(count + 1) * sizeof *grown);
    if (!grown) return no_memory();
    g->places = grown;
    grown[count] = (vae_gallery_place){cell, item->given};
    if (cell >= g->cells) g->cells = cell + 1;
    VAE_TRY(take_label(g, sink, item->label));
    VAE_TRY(vae_sequence_list_add(&g->list, item->rows, item->count));
    return vae_sequence_list_end(&g->list);
}

/* labels [count] → pointers [count]; NULL where there is nothing to show. */
static const char *const *point_at(char (*labels)[VAE_GALLERY_LABEL], int64_t count, const char **pointers)
{
    bool any = false;
    for (int64_t i = 0; i < count; ++i) {
        pointers[i] = labels[i];
        any = any || labels[i][0];
    }
    return any ? pointers : NULL;
}

vae_status vae_gallery_labels(vae_gallery *g, const char ***memory, const char *const **names,
                              const char *const **heads)
{
    *memory = calloc((size_t)(g->name_count + g->head_count) + 1, sizeof **memory);
    if (!*memory) return no_memory();
    *names = point_at(g->names, g->name_count, *memory);
    *heads = point_at(g->heads, g->head_count, *memory + g->name_count);
    return VAE_OK;
}

vae_status vae_gallery_numbered(const vae_sequence_sink *sink, const char *ending, char path[VAE_PATH_SIZE])
{
    char name[48], last[32];
    const int digits = snprintf(last, sizeof last, "%" PRId64, sink->plan.count - 1);
    snprintf(name, sizeof name, "%0*" PRId64 "%s", digits > 6 ? digits : 6, sink->done, ending);
    return vae_path_join(path, VAE_PATH_SIZE, sink->plan.path, name);
}
