/* Groups of music as JSON: {title, caption, columns, beat, tempo, drums, rolls: [{steps, given, notes: [[start, steps,
 * pitch], …]}, …]}. */
#include "report/page_music.h"

static json_t *write_roll(const vae_piano_roll *roll)
{
    json_t *notes = json_array();
    for (int64_t i = 0; i < roll->count; ++i) {
        const vae_roll_note *note = &roll->notes[i];
        json_array_append_new(notes,
                              json_pack("[I, I, i]", (json_int_t)note->start, (json_int_t)note->steps, note->pitch));
    }
    return json_pack("{s:I, s:I, s:o}", "steps", (json_int_t)roll->steps, "given", (json_int_t)roll->given, "notes",
                     notes);
}

vae_status vae_page_music_add(const vae_page_music *group, json_t **groups)
{
    json_t *rolls = json_array();
    for (int64_t i = 0; i < group->count; ++i)
        json_array_append_new(rolls, write_roll(&group->rolls[i]));
    json_t *made = json_pack("{s:s, s:s, s:I, s:I, s:f, s:b, s:o}", "title", group->title, "caption", group->caption,
                             "columns", (json_int_t)group->columns, "beat", (json_int_t)group->beat, "tempo",
                             group->tempo, "drums", group->drums, "rolls", rolls);
    if (!*groups) *groups = json_array();
    if (!made || json_array_append_new(*groups, made)) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory");
    return VAE_OK;
}
