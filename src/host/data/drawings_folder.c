/* A folder of drawings: SVG files, one drawing each, or files of many, NPZ and .ndjson. A drawing's class is the word
 * that its file gives it, else the subfolder that the file is in, else, of files of many, the file's name without its
 * ending. Files of many are read side by side, whichever is behind, so that the first or last part of the drawings has
 * every class in proportion. A folder that has folders train and test, valid or validation in it has these parts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/file.h"
#include "data/listing.h"
#include "data/part_folder.h"
#include "data/sequence_format.h"

/* Each has a file and, of an object array, its memory. */
enum { MOST_OPEN = 512 };

typedef struct folder {
    vae_listing listing;
    bool singles;                 /* files are of one drawing, and opened one after the other */
    vae_sequence_source *members; /* [opened]: of files of many all, else the one being read */
    bool *ended;                  /* [opened] */
    int64_t opened, next;
} folder;

/* ---- Files ---- */

static bool ends_with(const char *name, const char *ending)
{
    const size_t length = strlen(name), end = strlen(ending);
    return length > end && strcasecmp(name + length - end, ending) == 0;
}

static const struct ending {
    const char *text;
    bool single;
} endings[] = {
    {".svg", true}, {".svgz", true}, {".svg.gz", true}, {".npz", false}, {".ndjson", false}, {".ndjson.gz", false},
};

static const struct ending *find_ending(const char *name)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; ++i) {
        if (ends_with(name, endings[i].text)) return &endings[i];
    }
    return NULL;
}

static vae_image_ending ending_of(const char *name)
{
    return find_ending(name) ? VAE_ENDING_READ : VAE_ENDING_OTHER;
}

static const vae_listing_files wanted = {"drawing", ending_of, "SVG, NPZ, .ndjson"};

static const char *name_of(const vae_listing *listing, int64_t index)
{
    return listing->names + listing->files[index].name;
}

static vae_status check_mixture(const vae_sequence_source *source, folder *f)
{
    const char *first = name_of(&f->listing, 0);
    f->singles = find_ending(first)->single;
    for (int64_t i = 1; i < f->listing.count; ++i) {
        const char *name = name_of(&f->listing, i);
        if (find_ending(name)->single == f->singles) continue;
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: has files of one drawing and of many, as %s and %s; put them in folders of their own",
                             source->name, first, name);
    }
    if (f->singles || f->listing.count <= MOST_OPEN) return VAE_OK;
    return vae_error_set(VAE_ERROR_FORMAT, "%s: has %" PRId64 " files of drawings, but may have %d", source->name,
                         f->listing.count, MOST_OPEN);
}

static vae_status find_member(const vae_sequence_source *source, const vae_listing *listing, int64_t index,
                              vae_sequence_source *member)
{
    char folder_path[VAE_PATH_SIZE], path[VAE_PATH_SIZE];
    vae_part_folder(source->file, source->options->part, folder_path);
    VAE_TRY(vae_path_join(path, sizeof path, folder_path, name_of(listing, index)));
    return vae_sequence_source_find(path, source->options, member);
}

static vae_status open_member(const vae_sequence_source *source, folder *f, int64_t index)
{
    vae_sequence_source *member = &f->members[f->opened];
    VAE_TRY(find_member(source, &f->listing, index, member));
    VAE_TRY(member->format->open(member));
    f->ended[f->opened++] = false;
    return VAE_OK;
}

static void close_members(folder *f)
{
    while (f->opened > 0)
        vae_sequence_source_close(&f->members[--f->opened]);
}

/* ---- Classes ---- */

/* The file's name without its folder and its ending. */
static void write_stem(const char *name, char stem[VAE_PATH_SIZE])
{
    const char *slash = strrchr(name, '/'), *start = slash ? slash + 1 : name;
    const size_t length = strlen(start) - strlen(find_ending(name)->text);
    snprintf(stem, VAE_PATH_SIZE, "%.*s", (int)length, start);
}

static vae_status set_label(vae_sequence_source *source, const folder *f, const vae_sequence_source *member,
                            int64_t file, vae_sequence_item *item)
{
    char stem[VAE_PATH_SIZE];
    const char *name = vae_classes_name(&member->classes, item->label);
    if (!name) name = vae_classes_name(&f->listing.classes, f->listing.files[file].class);
    if (!name && !f->singles) {
        write_stem(name_of(&f->listing, file), stem);
        name = stem;
    }
    item->label = -1;
    if (!name) return VAE_OK;
    int64_t number = vae_classes_find(&source->classes, name);
    if (number < 0) {
        number = source->classes.count;
        VAE_TRY(vae_classes_add(&source->classes, name));
    }
    item->label = (int32_t)number;
    return VAE_OK;
}

/* ---- Drawings ---- */

/* The next drawing of an open file. */
static vae_status read_member(vae_sequence_source *source, folder *f, int64_t place, int64_t file,
                              vae_sequence_item *item, bool *more)
{
    vae_sequence_source *member = &f->members[place];
    VAE_TRY(member->format->next(member, item, more));
    vae_remarks_merge(&source->remarks, &member->remarks);
    member->remarks = (vae_remarks){0};
    f->ended[place] = !*more;
    return *more ? set_label(source, f, member, file, item) : VAE_OK;
}

static vae_status next_single(vae_sequence_source *source, folder *f, vae_sequence_item *item, bool *more)
{
    for (*more = false; !*more && f->next < f->listing.count; ++f->next) {
        close_members(f);
        VAE_TRY(open_member(source, f, f->next));
        VAE_TRY(read_member(source, f, 0, f->next, item, more));
        item->name = name_of(&f->listing, f->next);
    }
    return VAE_OK;
}

/* The file of which the smallest part has been read; -1: all have ended. */
static int64_t find_behind(const folder *f)
{
    int64_t found = -1;
    double least = 2;
    for (int64_t i = 0; i < f->opened; ++i) {
        if (f->ended[i]) continue;
        const double part = f->members[i].format->progress(&f->members[i]);
        if (part >= least) continue;
        least = part;
        found = i;
    }
    return found;
}

static vae_status next_drawing(vae_sequence_source *source, vae_sequence_item *item, bool *more)
{
    folder *f = source->state;
    if (f->singles) return next_single(source, f, item, more);
    for (*more = false; !*more;) {
        const int64_t place = find_behind(f);
        if (place < 0) return VAE_OK;
        VAE_TRY(read_member(source, f, place, place, item, more));
    }
    return VAE_OK;
}

/* ---- The format ---- */

static void close_source(vae_sequence_source *source)
{
    folder *f = source->state;
    close_members(f);
    vae_listing_free(&f->listing);
    free(f->members);
    free(f->ended);
    free(f);
}

static vae_status make_listing(const vae_sequence_source *source, vae_listing *listing, vae_remarks *remarks)
{
    char path[VAE_PATH_SIZE];
    vae_part_folder(source->file, source->options->part, path);
    return vae_listing_make(path, &wanted, listing, remarks);
}

static vae_status open_all(vae_sequence_source *source, folder *f)
{
    VAE_TRY(make_listing(source, &f->listing, &source->remarks));
    source->names_differ = f->listing.names_differ;
    VAE_TRY(check_mixture(source, f));
    const int64_t room = f->singles ? 1 : f->listing.count;
    f->members = calloc((size_t)room, sizeof *f->members);
    f->ended = calloc((size_t)room, sizeof *f->ended);
    if (!f->members || !f->ended) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    for (int64_t i = 0; i < f->listing.count && !f->singles; ++i)
        VAE_TRY(open_member(source, f, i));
    return VAE_OK;
}

static vae_status open_source(vae_sequence_source *source)
{
    source->state = calloc(1, sizeof(folder));
    if (!source->state) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    const vae_status status = open_all(source, source->state);
    if (status) close_source(source);
    return status;
}

static bool probe(const vae_probe *probe)
{
    return probe->folder;
}

static bool has_part(const char *path, const char *part)
{
    const vae_sequence_options options = {.kind = VAE_KIND_DRAWING};
    vae_sequence_source source = {.options = &options}, member;
    vae_listing listing;
    char found[VAE_PATH_SIZE];
    if (vae_part_folder(path, part, found)) return true;
    snprintf(source.file, sizeof source.file, "%s", path);
    if (make_listing(&source, &listing, &source.remarks)) return false;
    bool all = true;
    for (int64_t i = 0; i < listing.count && all; ++i) {
        all = !find_member(&source, &listing, i, &member) && member.format->has_part &&
              member.format->has_part(member.file, part);
    }
    vae_listing_free(&listing);
    return all;
}

static vae_status add_to_hash(const vae_sequence_source *source, vae_hash *hash)
{
    vae_listing listing;
    vae_remarks remarks = {0};
    VAE_TRY(make_listing(source, &listing, &remarks));
    vae_listing_add_to_hash(&listing, hash);
    vae_listing_free(&listing);
    return VAE_OK;
}

const vae_sequence_format vae_sequence_format_drawings_folder = {
    .name = "folders of these",
    .kind = VAE_KIND_DRAWING,
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .next = next_drawing,
    .has_part = has_part,
    .add_to_hash = add_to_hash,
};
