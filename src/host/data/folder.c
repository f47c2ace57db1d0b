/* A folder of pictures, decoded by several threads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/processors.h"
#include "data/format.h"
#include "data/image_file.h"
#include "data/listing.h"

typedef struct folder {
    char path[VAE_SOURCE_NAME_SIZE];
    vae_listing listing;
    const vae_read_options *options;
    int64_t shape[3];   /* of every image, transformed */
    int64_t shape_from; /* the picture that set it */
    int64_t largest;    /* of all 16-bit samples */
} folder;

static const char *name_of(const folder *f, int64_t index)
{
    return f->listing.names + f->listing.files[index].name;
}

/* ---- One picture ---- */

static vae_status decode(const folder *f, int64_t index, vae_picture *picture)
{
    char path[2 * VAE_PATH_SIZE];
    VAE_TRY(vae_path_join(path, sizeof path, f->path, name_of(f, index)));
    return vae_image_file_read(path, picture);
}

static vae_status output_shape(const folder *f, int64_t index, const vae_raster *image, int64_t shape[3])
{
    const int64_t stored[3] = {image->height, image->width, image->channels};
    const vae_status status = vae_transform_shape(&f->options->transform, stored, shape);
    return status ? vae_error_prepend(status, "%s/%s", f->path, name_of(f, index)) : VAE_OK;
}

static vae_status write_image(const folder *f, int64_t index, const vae_raster *image, uint8_t *pixels)
{
    int64_t shape[3];
    VAE_TRY(output_shape(f, index, image, shape));
    if (memcmp(shape, f->shape, sizeof shape) != 0) {
        return vae_error_set(VAE_ERROR_FORMAT,
                             "%s/%s: is %" PRId64 "x%" PRId64 "x%" PRId64 " (height x width x channels), but %s is "
                             "%" PRId64 "x%" PRId64 "x%" PRId64 "; [data] size, crop and channels can make them alike",
                             f->path, name_of(f, index), shape[0], shape[1], shape[2], name_of(f, f->shape_from),
                             f->shape[0], f->shape[1], f->shape[2]);
    }
    vae_transform_apply(&f->options->transform, image, pixels);
    return VAE_OK;
}

/* What came of one picture. */
typedef struct outcome {
    bool damaged;        /* it may be left out; other failures end the reading */
    vae_picture picture; /* its pixels are no longer there */
} outcome;

static vae_status read_one(const folder *f, int64_t index, uint8_t *pixels, outcome *outcome)
{
    vae_status status = decode(f, index, &outcome->picture);
    outcome->damaged = status == VAE_ERROR_FORMAT;
    if (status) return status;
    vae_raster *image = &outcome->picture.raster;
    status = write_image(f, index, image, pixels);
    free((void *)image->pixels);
    image->pixels = NULL;
    return status;
}

/* ---- A piece of them ---- */

/* The first picture that went wrong, whichever thread saw it; messages are each thread's own. */
typedef struct trouble {
    int64_t index; /* INT64_MAX: none */
    vae_status status;
    char message[VAE_MESSAGE_SIZE];
} trouble;

static void note(trouble *first, int64_t index, vae_status status)
{
#pragma omp critical
    if (index < first->index) {
#pragma omp atomic write
        first->index = index;
        first->status = status;
        snprintf(first->message, sizeof first->message, "%s", vae_error_message());
    }
}

static int thread_count(const folder *f)
{
    return vae_processors_threads(f->options->threads);
}

static void decode_all(const folder *f, int64_t first, int64_t count, uint8_t *pixels, outcome *outcomes,
                       trouble *failure, trouble *damage)
{
    const int64_t elements = f->shape[0] * f->shape[1] * f->shape[2];
#pragma omp parallel for schedule(dynamic, 4) num_threads(thread_count(f))
    for (int64_t i = 0; i < count; ++i) {
        int64_t failed_at;
#pragma omp atomic read
        failed_at = failure->index;
        if (failed_at < i) continue;
        const vae_status status = read_one(f, first + i, pixels + i * elements, &outcomes[i]);
        if (!status) continue;
        note(outcomes[i].damaged && f->options->skip_damaged ? damage : failure, i, status);
    }
}

/* Moves what is there to the front, and gives each its label and its name. */
static int64_t compact(const folder *f, int64_t first, int64_t count, const outcome *outcomes, uint8_t *pixels,
                       int32_t *labels, FILE *names)
{
    const int64_t elements = f->shape[0] * f->shape[1] * f->shape[2];
    int64_t kept = 0;
    for (int64_t i = 0; i < count; ++i) {
        if (outcomes[i].damaged) continue;
        if (kept < i) memcpy(pixels + kept * elements, pixels + i * elements, (size_t)elements);
        if (labels) labels[kept] = f->listing.files[first + i].class;
        const char *name = name_of(f, first + i);
        fwrite(name, 1, strlen(name) + 1, names);
        kept++;
    }
    return kept;
}

/* Where the samples fill little of their range, as those of 12-bit cameras do, rounding leaves few levels. */
static void describe_sixteen_bits(const folder *f, vae_remarks *remarks)
{
    const int64_t levels = (f->largest * 255 + 32767) / 65535 + 1;
    char few[80] = "";
    if (levels <= 128) {
        snprintf(few, sizeof few, ", which leaves %" PRId64 " of 256 levels: stretch them first", levels);
    }
    vae_remarks_describe(remarks, VAE_REMARK_SIXTEEN_BITS, "the largest value in them is %" PRId64 " of 65535%s",
                         f->largest, few);
}

/* What was lost of the pictures that were kept, in their order. */
static void add_remarks(folder *f, int64_t first, int64_t count, const outcome *outcomes, vae_remarks *remarks)
{
    for (int64_t i = 0; i < count; ++i) {
        const vae_picture *picture = &outcomes[i].picture;
        if (picture->largest > f->largest) f->largest = picture->largest;
        for (int kind = 0; kind < VAE_REMARK_KINDS; ++kind) {
            if (!vae_picture_has_remark(picture, (vae_remark_kind)kind)) continue;
            vae_remarks_add(remarks, (vae_remark_kind)kind, 1, "the first is %s", name_of(f, first + i));
        }
    }
    if (remarks->of[VAE_REMARK_SIXTEEN_BITS].count > 0) describe_sixteen_bits(f, remarks);
}

static vae_status read_images(vae_source *source, int64_t first, int64_t count, uint8_t *pixels, int32_t *labels,
                              FILE *names, int64_t *kept)
{
    folder *f = source->state;
    trouble failure = {.index = INT64_MAX}, damage = {.index = INT64_MAX};
    outcome *outcomes = calloc((size_t)count, sizeof *outcomes);
    if (!outcomes) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    decode_all(f, first, count, pixels, outcomes, &failure, &damage);
    if (failure.index < count) {
        free(outcomes);
        return vae_error_set(failure.status, "%s", failure.message);
    }
    *kept = compact(f, first, count, outcomes, pixels, labels, names);
    add_remarks(f, first, count, outcomes, &source->remarks);
    if (damage.index < count) {
        vae_remarks_add(&source->remarks, VAE_REMARK_DAMAGED, count - *kept, "the first is %s", damage.message);
    }
    free(outcomes);
    return VAE_OK;
}

/* ---- The folder ---- */

static void close_source(vae_source *source)
{
    folder *f = source->state;
    vae_listing_free(&f->listing);
    free(f);
}

/* The first picture that can be read gives the shape that all must have. */
static vae_status find_shape(folder *f)
{
    vae_picture picture;
    vae_status status = decode(f, 0, &picture);
    while (status == VAE_ERROR_FORMAT && f->options->skip_damaged && f->shape_from + 1 < f->listing.count)
        status = decode(f, ++f->shape_from, &picture);
    if (status) return status;
    status = output_shape(f, f->shape_from, &picture.raster, f->shape);
    free((void *)picture.raster.pixels);
    return status;
}

/* A file is taken as the one picture of its folder. */
static vae_status list_pictures(vae_source *source, folder *f)
{
    struct stat information;
    char *slash = strrchr(f->path, '/');
    if (stat(f->path, &information) != 0 || S_ISDIR(information.st_mode)) {
        return vae_listing_make(f->path, &vae_listing_pictures, &f->listing, &source->remarks);
    }
    VAE_TRY(vae_listing_of_file(slash ? slash + 1 : f->path, &f->listing));
    snprintf(f->path, sizeof f->path, "%.*s", slash ? (int)(slash - f->path) + 1 : 1, slash ? source->name : ".");
    return VAE_OK;
}

static vae_status open_folder(vae_source *source, folder *f)
{
    VAE_TRY(list_pictures(source, f));
    VAE_TRY(find_shape(f));
    source->count = f->listing.count;
    source->height = f->shape[0];
    source->width = f->shape[1];
    source->channels = f->shape[2];
    return VAE_OK;
}

static vae_status add_to_hash(const vae_source *source, vae_hash *hash)
{
    const folder *f = source->state;
    VAE_TRY(vae_source_add_to_hash(source, hash));
    for (int64_t i = 0; i < f->listing.count; ++i) {
        const vae_listed *file = &f->listing.files[i];
        vae_hash_add_text(hash, name_of(f, i));
        vae_hash_add_integer(hash, file->size);
        vae_hash_add_integer(hash, file->modified);
        vae_hash_add_integer(hash, file->class);
    }
    vae_hash_add(hash, &source->remarks, sizeof source->remarks); /* what the listing left out: the cache repeats it */
    return VAE_OK;
}

static vae_status open_source(vae_source *source, const vae_request *request)
{
    if (request->content == VAE_CONTENT_LABELS) {
        return vae_error_set(VAE_ERROR_FORMAT, "%s: is a folder; a folder's labels come with its images",
                             request->path);
    }
    folder *f = calloc(1, sizeof *f);
    if (!f) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", source->name);
    f->options = request->options;
    snprintf(f->path, sizeof f->path, "%s", source->name);
    source->state = f;
    const vae_status status = open_folder(source, f);
    if (status) close_source(source);
    return status;
}

static bool probe(const vae_probe *probe)
{
    return probe->folder;
}

static vae_status classes(const vae_source *source, vae_classes *classes)
{
    const folder *f = source->state;
    return vae_classes_copy(&f->listing.classes, classes);
}

static bool names_differ(const vae_source *source)
{
    const folder *f = source->state;
    return f->listing.names_differ;
}

const vae_format vae_format_folder = {
    .name = "folder",
    .probe = probe,
    .open = open_source,
    .close = close_source,
    .add_to_hash = add_to_hash,
    .read_images = read_images,
    .classes = classes,
    .names_differ = names_differ,
};
