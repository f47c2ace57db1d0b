/* Walks a folder for pictures, its subfolders being classes, and spreads each class evenly over the list. */
#define _GNU_SOURCE /* qsort_r, NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#include "data/listing.h"

#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_UNREAD = 16, ENDING_SIZE = 8 };

/* How many pictures of an unsupported format there are, by the endings of their names. */
typedef struct ending {
    char text[ENDING_SIZE];
    int64_t count;
} ending;

/* A listing in the making: its arrays grow as streams of memory. */
typedef struct lister {
    const char *folder;
    const vae_listing_files *wanted;
    vae_listing *listing;
    FILE *names, *files;
    size_t names_size, files_size;
    int64_t rank; /* of the next picture in its class */
    bool has_own, has_below;
    vae_remarks *remarks;
    ending unread[MAX_UNREAD];
} lister;

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static vae_status add_picture(lister *l, const FTSENT *entry)
{
    const char *name = entry->fts_path + strlen(l->folder);
    name += strspn(name, "/");
    *(entry->fts_level == 1 ? &l->has_own : &l->has_below) = true;
    if (l->has_own && l->has_below) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s: has %ss of its own and others in folders below it, as seen at %s; subfolders "
                             "are classes, so all or none must be in them",
                             l->folder, l->wanted->noun, name);
    }
    const vae_listed listed = {
        .name = (size_t)ftello(l->names),
        .size = entry->fts_statp->st_size,
        .modified = (int64_t)entry->fts_statp->st_mtim.tv_sec * 1000000000 + entry->fts_statp->st_mtim.tv_nsec,
        .rank = l->rank++,
        .class = entry->fts_level > 1 ? (int32_t)(l->listing->classes.count - 1) : 0,
    };
    fwrite(name, 1, strlen(name) + 1, l->names);
    fwrite(&listed, sizeof listed, 1, l->files);
    l->listing->count++;
    return VAE_OK;
}

/* Endings beyond the first few kinds are counted, but not named. */
static void count_unread(lister *l, const char *name)
{
    char text[ENDING_SIZE] = "";
    const char *point = strrchr(name, '.');
    for (size_t i = 0; point[i] && i + 1 < sizeof text; ++i)
        text[i] = (char)tolower((unsigned char)point[i]);
    vae_remarks_add(l->remarks, VAE_REMARK_UNREAD, 1, NULL);
    int i = 0;
    while (i < MAX_UNREAD && l->unread[i].count > 0 && strcmp(l->unread[i].text, text) != 0)
        ++i;
    if (i == MAX_UNREAD) return;
    memcpy(l->unread[i].text, text, sizeof text);
    l->unread[i].count++;
}

/* "2 .heic, 1 .svg" */
static void describe_unread(const lister *l)
{
    char text[VAE_REMARK_DETAIL] = "";
    int used = 0;
    for (int i = 0; i < MAX_UNREAD && l->unread[i].count > 0; ++i) {
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%" PRId64 " %s", i > 0 ? ", " : "",
                         l->unread[i].count, l->unread[i].text);
        if (used > VAE_REMARK_DETAIL - 2 * ENDING_SIZE - 24) break;
    }
    if (used > 0) vae_remarks_describe(l->remarks, VAE_REMARK_UNREAD, "%s", text);
}

/* A name that may be a picture's: `is_file` tells whether it leads to one. */
static vae_status add_name(lister *l, const FTSENT *entry, bool is_file)
{
    const vae_image_ending kind = l->wanted->ending_of(entry->fts_name);
    if (kind == VAE_ENDING_OTHER) return VAE_OK;
    if (!is_file) {
        vae_remarks_add(l->remarks, VAE_REMARK_NO_FILE, 1, "the first is %s", entry->fts_path);
        return VAE_OK;
    }
    if (kind == VAE_ENDING_READ) return add_picture(l, entry);
    count_unread(l, entry->fts_name);
    return VAE_OK;
}

static vae_status visit(lister *l, FTS *tree, FTSENT *entry)
{
    const bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
    switch (entry->fts_info) {
    case FTS_D:
        if (hidden) fts_set(tree, entry, FTS_SKIP);
        if (hidden || entry->fts_level != 1) return VAE_OK;
        l->rank = 0;
        return vae_classes_add(&l->listing->classes, entry->fts_name);
    case FTS_F: return hidden ? VAE_OK : add_name(l, entry, true);
    case FTS_DEFAULT:
    case FTS_SLNONE: return hidden ? VAE_OK : add_name(l, entry, false);
    case FTS_DC: return vae_error_set(VAE_ERROR_CONFIG, "%s: is a folder that leads to itself", entry->fts_path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return vae_error_set(VAE_ERROR_CONFIG, "cannot read %s: %s", entry->fts_path, strerror(entry->fts_errno));
    default: return VAE_OK;
    }
}

static vae_status walk(lister *l)
{
    char *const roots[] = {(char *)l->folder, NULL};
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!tree) return vae_error_set(VAE_ERROR_CONFIG, "cannot read %s: %s", l->folder, strerror(errno));
    vae_status status = VAE_OK;
    FTSENT *entry;
    errno = 0;
    while (!status && (entry = fts_read(tree)) != NULL)
        status = visit(l, tree, entry);
    if (!status && errno) status = vae_error_set(VAE_ERROR_IO, "%s: cannot be listed: %s", l->folder, strerror(errno));
    fts_close(tree);
    return status;
}

/* Pictures by how far into their class they are, (rank + ½) / size of the class, and then by class; `size` holds that
 * size of each class. */
static int by_part(const void *a, const void *b, void *context)
{
    const vae_listed *left = a, *right = b;
    const int64_t *size = context;
    const int64_t x = (2 * left->rank + 1) * size[right->class], y = (2 * right->rank + 1) * size[left->class];
    if (x != y) return x < y ? -1 : 1;
    return left->class - right->class;
}

static vae_status interleave(vae_listing *listing)
{
    int64_t *size = calloc((size_t)listing->classes.count + 1, sizeof *size);
    if (!size) return vae_error_set(VAE_ERROR_MEMORY, "list of pictures: out of memory");
    for (int64_t i = 0; i < listing->count; ++i)
        size[listing->files[i].class]++;
    qsort_r(listing->files, (size_t)listing->count, sizeof *listing->files, by_part, size);
    free(size);
    return VAE_OK;
}

/* ---- Plain names ---- */

typedef struct stem {
    const char *text;
    size_t length;
} stem;

static int compare_stems(const void *a, const void *b)
{
    const stem *left = a, *right = b;
    const size_t shorter = left->length < right->length ? left->length : right->length;
    const int order = memcmp(left->text, right->text, shorter);
    return order ? order : (left->length > right->length) - (left->length < right->length);
}

/* Whether plain file names tell the pictures apart, so that a table may use them without the folders. */
static vae_status compare_names(vae_listing *listing)
{
    stem *stems = malloc((size_t)listing->count * sizeof *stems);
    if (!stems) return vae_error_set(VAE_ERROR_MEMORY, "list of pictures: out of memory");
    for (int64_t i = 0; i < listing->count; ++i) {
        const char *name = listing->names + listing->files[i].name, *slash = strrchr(name, '/');
        stems[i].text = slash ? slash + 1 : name;
        stems[i].length = (size_t)(strrchr(name, '.') - stems[i].text);
    }
    qsort(stems, (size_t)listing->count, sizeof *stems, compare_stems);
    listing->names_differ = true;
    for (int64_t i = 1; i < listing->count && listing->names_differ; ++i)
        listing->names_differ = compare_stems(&stems[i - 1], &stems[i]) != 0;
    free(stems);
    return VAE_OK;
}

static vae_status fill(lister *l)
{
    l->names = open_memstream(&l->listing->names, &l->names_size);
    l->files = open_memstream((char **)&l->listing->files, &l->files_size);
    vae_status status = l->names && l->files ? walk(l) : VAE_ERROR_MEMORY;
    bool failed = false;
    if (l->names) failed |= ferror(l->names) != 0 || fclose(l->names) != 0;
    if (l->files) failed |= ferror(l->files) != 0 || fclose(l->files) != 0;
    if (failed || status == VAE_ERROR_MEMORY) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory for the list of pictures", l->folder);
    }
    return status;
}

/* Says what is there instead. */
static vae_status refuse_empty(const lister *l)
{
    char text[VAE_REMARK_TEXT];
    const bool others = vae_remark_write(l->remarks, VAE_REMARK_UNREAD, text);
    return vae_error_set(VAE_ERROR_FORMAT,
                         "%s: is a folder without a file whose name ends like that of a supported %s (%s)%s%s",
                         l->folder, l->wanted->noun, l->wanted->formats, others ? "; " : "", others ? text : "");
}

static vae_status make(const char *folder, const vae_listing_files *files, vae_listing *listing, vae_remarks *remarks)
{
    lister l = {.folder = folder, .wanted = files, .listing = listing, .remarks = remarks};
    VAE_TRY(fill(&l));
    describe_unread(&l);
    if (listing->count == 0) return refuse_empty(&l);
    if (l.has_own) vae_classes_free(&listing->classes);
    VAE_TRY(compare_names(listing));
    return interleave(listing);
}

const vae_listing_files vae_listing_pictures = {"picture", vae_image_ending_of, vae_image_formats};

vae_status vae_listing_make(const char *folder, const vae_listing_files *files, vae_listing *listing,
                            vae_remarks *remarks)
{
    *listing = (vae_listing){0};
    const vae_status status = make(folder, files, listing, remarks);
    if (status) vae_listing_free(listing);
    return status;
}

vae_status vae_listing_of_file(const char *name, vae_listing *listing)
{
    *listing = (vae_listing){
        .names = strdup(name), .files = calloc(1, sizeof *listing->files), .count = 1, .names_differ = true};
    if (listing->names && listing->files) return VAE_OK;
    vae_listing_free(listing);
    return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", name);
}

void vae_listing_add_to_hash(const vae_listing *listing, vae_hash *hash)
{
    for (int64_t i = 0; i < listing->count; ++i) {
        vae_hash_add_text(hash, listing->names + listing->files[i].name);
        vae_hash_add_integer(hash, listing->files[i].size);
        vae_hash_add_integer(hash, listing->files[i].modified);
    }
}

void vae_listing_free(vae_listing *listing)
{
    free(listing->names);
    free(listing->files);
    vae_classes_free(&listing->classes);
    *listing = (vae_listing){0};
}
