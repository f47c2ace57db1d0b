/* Music: a MIDI file, or a folder of them, of which excerpts are taken, piece by piece. A file that is damaged is left
 * out of a folder, and told. A folder that has folders train and test, valid or validation in it has these parts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "data/excerpts.h"
#include "data/format.h"
#include "data/listing.h"
#include "data/music_tokens.h"
#include "data/part_folder.h"
#include "data/seen.h"
#include "data/sequence_format.h"

typedef struct pieces {
    bool folder;
    vae_listing listing;
    int64_t next, current; /* files */
    vae_midi midi;
    vae_excerpts *excerpts; /* of the current one, or NULL */
    int32_t *tokens;        /* [1 + steps], from a begin on */
    int64_t steps;
    vae_seen seen;
    char name[VAE_PATH_SIZE]; /* of the current file, as remarks name it */
} pieces;

/* ---- Which files ---- */

static bool is_midi(const vae_probe *probe)
{
    if (probe->folder) return true;
    if (probe->gzip || probe->size < 12) return false;
    return memcmp(probe->start, "MThd", 4) == 0 ||
           (memcmp(probe->start, "RIFF", 4) == 0 && memcmp(probe->start + 8, "RMID", 4) == 0);
}

static vae_image_ending ending_of(const char *name)
{
    static const char *const endings[] = {".mid", ".midi", ".kar", ".rmi", ".smf"};
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
        const size_t end = strlen(endings[i]);
        if (length > end && strcasecmp(name + length - end, endings[i]) == 0) return VAE_ENDING_READ;
    }
    return VAE_ENDING_OTHER;
}

static const vae_listing_files wanted = {"MIDI file", ending_of, ".mid, .midi, .kar, .rmi, .smf"};

static vae_status make_listing(const vae_sequence_source *source, vae_listing *listing, vae_remarks *remarks)
{
    char path[VAE_PATH_SIZE];
    vae_part_folder(source->file, source->options->part, path);
    return vae_listing_make(path, &wanted, listing, remarks);
}

/* ---- Pieces ---- */

static vae_status read_piece(const vae_sequence_source *source, pieces *p)
{
    char folder[VAE_PATH_SIZE], path[VAE_PATH_SIZE];
    if (!p->folder) return vae_midi_read_file(source->file, &p->midi);
    vae_part_folder(source->file, source->options->part, folder);
    VAE_TRY(vae_path_join(path, sizeof path, folder, p->listing.names + p->listing.files[p->current].name));
    return vae_midi_read_file(path, &p->midi);
}

static void close_piece(pieces *p)
{
    vae_excerpts_close(p->excerpts);
    p->excerpts = NULL;
    vae_midi_free(&p->midi);
}

/* The next file that can be read; *more is false behind the last. */
static vae_status open_piece(vae_sequence_source *source, pieces *p, bool *more)
{
    const int64_t count = p->folder ? p->listing.count : 1;
    close_piece(p);
    for (*more = false; p->next < count;) {
        p->current = p->next++;
        snprintf(p->name, sizeof p->name, "%s",
                 p->folder ? p->listing.names + p->listing.files[p->current].name : source->file);
        const vae_status status = read_piece(source, p);
        if (status == VAE_ERROR_FORMAT && p->folder) {
            vae_remarks_add(&source->remarks, VAE_REMARK_DAMAGED_PIECES, 1, "%s", vae_error_message());
            continue;
        }
        VAE_TRY(status);
        if (p->midi.unended > 0) {
            vae_remarks_add(&source->remarks, VAE_REMARK_UNENDED_NOTES, p->midi.unended, "the first is in %s", p->name);
        }
        *more = true;
        return vae_excerpts_open(&p->midi, p->name, &source->options->music, &source->remarks, &p->excerpts);
    }
    return VAE_OK;
}

static vae_status is_repeated(vae_sequence_source *source, pieces *p, bool *repeated)
{
    *repeated = false;
    if (!source->options->music.deduplicate) return VAE_OK;
    VAE_TRY(vae_seen_add(&p->seen, p->tokens, (size_t)(p->steps + 1) * sizeof *p->tokens, repeated));
    if (*repeated) vae_remarks_add(&source->remarks, VAE_REMARK_REPEATED_EXCERPTS, 1, "the first is in %s", p->name);
    return VAE_OK;
}

static vae_status next_excerpt(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    pieces *p = source->state;
    for (*more = true; *more;) {
        bool repeated;
        if (!p->excerpts || !vae_excerpts_next(p->excerpts, p->tokens + 1)) {
            VAE_TRY(open_piece(source, p, more));
            continue;
        }
        VAE_TRY(is_repeated(source, p, &repeated));
        if (repeated) continue;
        const int32_t class = p->folder && p->listing.classes.count > 0 ? p->listing.files[p->current].class : -1;
        item->label = class;
        item->name = p->folder ? p->listing.names + p->listing.files[p->current].name : NULL;
        return vae_sequence_item_add(item, p->tokens, p->steps + 1);
    }
    return VAE_OK;
}

/* ---- The format ---- */

static void close_source(vae_sequence_source *source)
{
    pieces *p = source->state;
    close_piece(p);
    vae_listing_free(&p->listing);
    vae_seen_free(&p->seen);
    free(p->tokens);
    free(p);
}

static vae_status open_all(vae_sequence_source *source, pieces *p)
{
    vae_probe probe;
    VAE_TRY(vae_source_probe(source->file, &probe));
    p->folder = probe.folder;
    p->steps = vae_excerpt_steps(&source->options->music);
    p->tokens = malloc((size_t)(p->steps + 1) * sizeof *p->tokens);
    if (!p->tokens) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    p->tokens[0] = VAE_MUSIC_BEGIN;
    if (p->folder) VAE_TRY(make_listing(source, &p->listing, &source->remarks));
    source->names_differ = p->folder && p->listing.names_differ;
    if (p->listing.classes.count > 0) VAE_TRY(vae_classes_copy(&p->listing.classes, &source->classes));
    return vae_music_vocabulary(source->options->music.part, &source->vocabulary);
}

static vae_status open_source(vae_sequence_source *source)
{
    source->state = calloc(1, sizeof(pieces));
    if (!source->state) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    const vae_status status = open_all(source, source->state);
    if (status) {
        close_source(source);
        vae_classes_free(&source->classes);
    }
    return status;
}

static bool has_part(const char *path, const char *part)
{
    char found[VAE_PATH_SIZE];
    return vae_part_folder(path, part, found);
}

static vae_status add_to_hash(const vae_sequence_source *source, vae_hash *hash)
{
    vae_probe probe;
    vae_listing listing;
    vae_remarks remarks = {0};
    VAE_TRY(vae_source_probe(source->file, &probe));
    if (!probe.folder) return VAE_OK;
    VAE_TRY(make_listing(source, &listing, &remarks));
    vae_listing_add_to_hash(&listing, hash);
    vae_listing_free(&listing);
    return VAE_OK;
}

const vae_sequence_format vae_sequence_format_midi = {
    .name = "MIDI files, and folders of them",
    .kind = VAE_KIND_MUSIC,
    .probe = is_midi,
    .open = open_source,
    .close = close_source,
    .next = next_excerpt,
    .has_part = has_part,
    .add_to_hash = add_to_hash,
};
