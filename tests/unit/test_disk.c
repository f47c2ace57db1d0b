/* data/disk.c and data/cache.c: images that are mapped instead of read are the same ones, and come from the cache the
 * second time. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "core/hash.h"
#include "data/dataset.h"
#include "data/prefetch.h"
#include "data/read.h"
#include "unit/npy_file.h"
#include "unit/picture_file.h"

static char cache[256];

static void setup(void)
{
    idx_setup();
    snprintf(cache, sizeof cache, "%s/cache", idx_folder);
}

TestSuite(disk, .init = setup, .fini = idx_teardown, .timeout = 60);

static vae_dataset read_set(const char *name, vae_read_options options, vae_storage storage)
{
    vae_dataset dataset;
    options.storage = storage;
    options.cache = cache;
    cr_assert_eq(vae_images_read(idx_path(name), &options, &dataset), VAE_OK, "%s", vae_error_message());
    return dataset;
}

static void expect_same(const vae_dataset *a, const vae_dataset *b)
{
    cr_assert(a->count == b->count && a->height == b->height && a->width == b->width && a->channels == b->channels);
    cr_expect_eq(a->stored, b->stored);
    cr_expect_eq(a->skipped, b->skipped);
    cr_expect_arr_eq(&a->remarks, &b->remarks, sizeof a->remarks);
    cr_expect_arr_eq(a->values, b->values, (size_t)(a->count * vae_dataset_elements(a)));
    cr_assert_eq(a->labels == NULL, b->labels == NULL);
    if (a->labels) cr_expect_arr_eq(a->labels, b->labels, (size_t)a->count * sizeof *a->labels);
    cr_expect_eq(a->classes.count, b->classes.count);
    cr_assert_eq(a->names_bytes, b->names_bytes);
    if (a->names) cr_expect_arr_eq(a->names, b->names, a->names_bytes);
    cr_expect_eq(a->names_differ, b->names_differ);
}

/* The cache's files; *name is one of them. */
static int count_cached(char name[256])
{
    int count = 0;
    DIR *folder = opendir(cache);
    if (!folder) return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        count++;
        snprintf(name, 256, "%.200s", entry->d_name);
    }
    closedir(folder);
    return count;
}

/* Disk equals memory, first and second time; `cached` more files are in the cache then. */
static void expect_equal(const char *name, vae_read_options options, int cached)
{
    char any[256];
    const int before = count_cached(any);
    vae_dataset memory = read_set(name, options, VAE_STORAGE_MEMORY);
    cr_expect_null(memory.mapping.start);
    for (int time = 0; time < 2; ++time) {
        vae_dataset disk = read_set(name, options, VAE_STORAGE_DISK);
        cr_expect_not_null(disk.mapping.start);
        expect_same(&memory, &disk);
        vae_dataset_free(&disk);
        cr_expect_eq(count_cached(any), before + cached);
    }
    vae_dataset_free(&memory);
}

Test(disk, plain_files_are_mapped_themselves)
{
    const idx_bytes images = idx_images(7, 4, 5), array = npy_values(NPY_SIZES(7, 4, 5, 3));
    idx_write("a.idx", &images);
    idx_write("a.npy", &array);
    expect_equal("a.idx", (vae_read_options){0}, 0);
    expect_equal("a.idx", (vae_read_options){.limit = 3}, 0);
    expect_equal("a.npy", (vae_read_options){0}, 0);
    /* The pages are the file's. */
    vae_dataset disk = read_set("a.npy", (vae_read_options){0}, VAE_STORAGE_DISK);
    cr_expect_eq(disk.mapping.bytes, array.count);
    vae_dataset_free(&disk);
}

Test(disk, everything_else_goes_through_the_cache)
{
    const idx_bytes images = idx_images(7, 4, 5), array = npy_values(NPY_SIZES(7, 4, 5, 3));
    const npz_entry entries[] = {{"images.npy", &array}, {"others.npy", &images}};
    const float floats[] = {0, 1, 0.5f, 0.25f};
    const idx_bytes numbers = npy_bytes("<f4", NPY_SIZES(1, 2, 2), floats, sizeof floats);
    idx_write("a.idx.gz", &images);
    idx_write("a.npy", &array);
    idx_write("f.npy", &numbers);
    npz_write(idx_path("a.npz"), entries, 1, true);
    expect_equal("a.idx.gz", (vae_read_options){0}, 1);
    expect_equal("a.idx.gz", (vae_read_options){.limit = 4}, 1);
    expect_equal("a.npz", (vae_read_options){0}, 1);
    expect_equal("f.npy", (vae_read_options){0}, 1);
    expect_equal("a.npy", (vae_read_options){.transform = {.size = {2, 2}}}, 1);
    expect_equal("a.npy", (vae_read_options){.transform = {.size = {2, 3}}}, 1);
    expect_equal("a.npy", (vae_read_options){.transform = {.crop = 3}}, 1);
    expect_equal("a.npy", (vae_read_options){.transform = {.channels = VAE_CHANNELS_GREY}}, 1);
}

Test(disk, folders_with_labels_and_damage)
{
    cr_assert_eq(mkdir(idx_path("set"), 0700), 0);
    cr_assert_eq(mkdir(idx_path("set/a"), 0700), 0);
    cr_assert_eq(mkdir(idx_path("set/b"), 0700), 0);
    for (int i = 0; i < 20; ++i) {
        char name[32];
        uint8_t pixels[48];
        snprintf(name, sizeof name, "set/%c/%02d.png", "ab"[i % 2], i);
        for (int j = 0; j < 48; ++j)
            pixels[j] = idx_value((size_t)(i * 48 + j));
        picture_write_png(idx_path(name), 4, 4, 3, pixels);
    }
    expect_equal("set", (vae_read_options){.threads = 2}, 1);
    idx_write_raw(idx_path("set/a/00.png"), "damage", 6);
    expect_equal("set", (vae_read_options){.skip_damaged = true}, 1);
    /* A failure leaves nothing behind. */
    char name[256];
    vae_dataset dataset;
    const vae_read_options options = {.storage = VAE_STORAGE_DISK, .cache = cache};
    cr_expect_eq(vae_images_read(idx_path("set"), &options, &dataset), VAE_ERROR_FORMAT);
    cr_expect_null(dataset.values);
    cr_expect_eq(count_cached(name), 2);
}

/* A file that has changed is another; a file of the cache that is not whole is written again. */
Test(disk, what_is_stale_is_not_used)
{
    idx_bytes images = idx_images(7, 4, 5);
    char name[256], path[600];
    idx_write("a.idx.gz", &images);
    expect_equal("a.idx.gz", (vae_read_options){0}, 1);
    cr_assert_eq(count_cached(name), 1);
    snprintf(path, sizeof path, "%s/%s", cache, name);
    cr_assert_eq(truncate(path, 4096 + 70), 0);
    expect_equal("a.idx.gz", (vae_read_options){0}, 0);
    images.byte[20] ^= 1;
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    idx_write("a.idx.gz", &images);
    cr_assert_eq(utimensat(AT_FDCWD, idx_path("a.idx.gz"), times, 0), 0);
    expect_equal("a.idx.gz", (vae_read_options){0}, 1);
}

Test(disk, cut_short)
{
    idx_bytes images = idx_images(7, 4, 5);
    images.count -= 1;
    idx_write("a.idx", &images);
    idx_write("a.idx.gz", &images);
    for (int i = 0; i < 2; ++i) {
        char name[256];
        vae_dataset dataset;
        const vae_read_options options = {.storage = VAE_STORAGE_DISK, .cache = cache};
        cr_expect_eq(vae_images_read(idx_path(i ? "a.idx.gz" : "a.idx"), &options, &dataset), VAE_ERROR_FORMAT);
        cr_expect_not_null(strstr(vae_error_message(), "but only 139 are there"), "%s", vae_error_message());
        cr_expect_null(dataset.values);
        cr_expect_eq(count_cached(name), 0);
    }
}

Test(disk, a_cache_that_cannot_be_written)
{
    const idx_bytes images = idx_images(7, 4, 5);
    idx_write("a.idx.gz", &images);
    idx_write_raw(cache, "a file", 6);
    vae_dataset dataset;
    const vae_read_options options = {.storage = VAE_STORAGE_DISK, .cache = cache};
    cr_expect_eq(vae_images_read(idx_path("a.idx.gz"), &options, &dataset), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "cache: is a file, expected a folder"), "%s", vae_error_message());
}

/* Several processes at once decode once, and all see whole images. */
Test(disk, processes_at_once)
{
    enum { PROCESSES = 6 };
    const idx_bytes images = idx_images(60, 20, 25);
    char name[256];
    pid_t children[PROCESSES];
    idx_write("a.idx.gz", &images);
    for (int i = 0; i < PROCESSES; ++i) {
        children[i] = fork();
        if (children[i] != 0) continue;
        vae_dataset dataset;
        const vae_read_options options = {.storage = VAE_STORAGE_DISK, .cache = cache};
        const bool read = vae_images_read(idx_path("a.idx.gz"), &options, &dataset) == VAE_OK;
        _exit(read && memcmp(dataset.values, images.byte + 16, 60 * 500) == 0 ? 0 : 1);
    }
    for (int i = 0; i < PROCESSES; ++i) {
        int status;
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    cr_expect_eq(count_cached(name), 1);
}

/* ---- Reading ahead ---- */

/* Pages that were not in memory come without being touched. */
Test(disk, prefetch_brings_the_coming_rows)
{
    enum { ROWS = 300, ROW_BYTES = 8192 };
    const int64_t sizes[] = {ROWS, 64, 128};
    uint8_t header[VAE_NPY_HEADER_SIZE];
    static uint8_t row[ROW_BYTES];
    size_t size;
    vae_npy_header_make("|u1", 3, sizes, 4096, header, &size);
    FILE *file = fopen(idx_path("a.npy"), "wb");
    fwrite(header, 1, size, file);
    for (int i = 0; i < ROWS; ++i)
        fwrite(row, 1, sizeof row, file);
    fflush(file);
    cr_assert_eq(fsync(fileno(file)), 0);
    cr_assert_eq(posix_fadvise(fileno(file), 0, 0, POSIX_FADV_DONTNEED), 0);
    fclose(file);
    vae_dataset dataset = read_set("a.npy", (vae_read_options){0}, VAE_STORAGE_DISK);
    vae_prefetch *prefetch;
    cr_assert_eq(vae_prefetch_create(&dataset, 1, &prefetch), VAE_OK);
    vae_prefetch_advance(prefetch, 0, 0);
    static unsigned char resident[ROWS * ROW_BYTES / 4096];
    int missing = 1;
    for (int wait = 0; wait < 200 && missing; ++wait) {
        missing = 0;
        usleep(10000);
        cr_assert_eq(mincore(dataset.values, ROWS * ROW_BYTES, resident), 0);
        for (size_t i = 0; i < sizeof resident; ++i)
            missing += !(resident[i] & 1);
    }
    cr_expect_eq(missing, 0);
    vae_prefetch_destroy(prefetch);
    vae_dataset_free(&dataset);
}

Test(disk, no_prefetch_of_what_is_in_memory)
{
    const idx_bytes images = idx_images(7, 4, 5);
    idx_write("a.idx", &images);
    vae_dataset dataset = read_set("a.idx", (vae_read_options){0}, VAE_STORAGE_AUTO);
    cr_expect_null(dataset.mapping.start);
    vae_prefetch *prefetch = (vae_prefetch *)&dataset;
    cr_expect_eq(vae_prefetch_create(&dataset, 1, &prefetch), VAE_OK);
    cr_expect_null(prefetch);
    vae_prefetch_advance(prefetch, 3, 2);
    vae_prefetch_destroy(prefetch);
    vae_dataset_free(&dataset);
}

/* ---- The hash ---- */

static void expect_hash(const char *const *pieces, char text[VAE_HASH_TEXT])
{
    vae_hash hash = {.length = 0};
    for (; *pieces; ++pieces)
        vae_hash_add_text(&hash, *pieces);
    vae_hash_format(&hash, text);
    cr_expect_eq(strspn(text, "0123456789abcdef"), 32);
}

Test(disk, hash_tells_pieces_apart)
{
    const char *const inputs[][4] = {{"", NULL},
                                     {"a", NULL},
                                     {"b", NULL},
                                     {"ab", "c"},
                                     {"a", "bc"},
                                     {"abc"},
                                     {"", "abc"},
                                     {"abc", ""},
                                     {"0123456789abcdef", NULL},
                                     {"0123456789abcdef", ""},
                                     {"0123456789abcdefg"}};
    enum { COUNT = sizeof inputs / sizeof *inputs };
    char texts[COUNT][VAE_HASH_TEXT], again[VAE_HASH_TEXT];
    for (int i = 0; i < COUNT; ++i) {
        expect_hash(inputs[i], texts[i]);
        expect_hash(inputs[i], again);
        cr_expect_str_eq(texts[i], again);
        for (int j = 0; j < i; ++j)
            cr_expect_str_neq(texts[i], texts[j], "inputs %d and %d", i, j);
    }
}
