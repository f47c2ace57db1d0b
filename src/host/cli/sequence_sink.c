/* What sinks of all kinds have in common. */
#include "cli/sequence_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/remarks.h"
#include "model/runtime.h"

vae_status vae_sequence_sink_open(const vae_cli_sequences *sequences, const vae_sequence_sink_plan *plan,
                                  vae_sequence_sink **sink)
{
    vae_sequence_sink *made = calloc(1, sizeof *made);
    *sink = NULL;
    if (!made) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", sequences->words->items);
    made->sequences = sequences;
    made->kind = sequences->kind;
    made->plan = *plan;
    const vae_status status = made->kind->open(made);
    if (status) {
        vae_sequence_sink_abandon(made);
        return status;
    }
    *sink = made;
    return VAE_OK;
}

vae_status vae_sequence_sink_strip(vae_sequence_sink *sink, const char *name)
{
    VAE_TRY(sink->kind->begin_strip(sink, name));
    sink->strips++;
    return VAE_OK;
}

vae_status vae_sequence_sink_add(vae_sequence_sink *sink, const vae_sequence_shown *item)
{
    const vae_cli_sequences *s = sink->sequences;
    VAE_TRY(sink->kind->add(sink, item));
    sink->done++;
    if (item->given == item->count) return VAE_OK;
    sink->made++;
    sink->cut += s->choice->is_end && !s->choice->is_end(item->rows + (item->count - 1) * s->elements);
    return VAE_OK;
}

vae_status vae_sequence_sink_add_list(vae_sequence_sink *sink, const vae_sequence_list *list)
{
    for (int64_t i = 0; i < list->count; ++i) {
        vae_sequence_shown item = {.rows = NULL};
        item.rows = vae_sequence_list_item(list, i, &item.count);
        VAE_TRY(vae_sequence_sink_add(sink, &item));
    }
    return VAE_OK;
}

static void tell(const vae_sequence_sink *sink, bool quiet)
{
    const vae_kind_words *words = sink->sequences->words;
    if (sink->plan.path && !quiet) {
        printf("%s: %" PRId64 " %s\n", sink->plan.path, sink->done, vae_kind_items(words, sink->done));
    }
    if (sink->cut == 0) return;
    vae_cli_warn("%" PRId64 " of %" PRId64 " %s had not ended after %" PRId64 " %s and %s cut there; --max-length "
                 "allows more",
                 sink->cut, sink->made, vae_kind_items(words, sink->made), sink->plan.max_steps,
                 vae_kind_steps(words, sink->plan.max_steps), sink->cut == 1 ? "is" : "are");
}

vae_status vae_sequence_sink_finish(vae_sequence_sink *sink, bool quiet)
{
    const vae_status status = sink->kind->finish(sink);
    if (!status) tell(sink, quiet);
    vae_sequence_sink_abandon(sink);
    return status;
}

void vae_sequence_sink_abandon(vae_sequence_sink *sink)
{
    if (!sink) return;
    sink->kind->close(sink);
    free(sink);
}
