/* data/sequence_cache.c: sequences that are mapped are those in memory, and memory does not grow with their number. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "data/buckets.h"
#include "data/prefetch.h"
#include "data/sequence_store.h"
#include "unit/text_file.h"

static char cache[256];

static void setup(void)
{
    idx_setup();
    snprintf(cache, sizeof cache, "%s/cache", idx_folder);
}

TestSuite(sequence_cache, .init = setup, .fini = idx_teardown, .timeout = 120);

/* The cache's files; *name is one of them. */
static int count_cached(char name[128])
{
    int count = 0;
    DIR *folder = opendir(cache);
    if (!folder) return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        count++;
        snprintf(name, 128, "cache/%.100s", entry->d_name);
    }
    closedir(folder);
    return count;
}

static vae_dataset read_set(const char *path, vae_sequence_options options, vae_storage storage)
{
    options.storage = storage;
    options.cache = cache;
    return read_text(path, options);
}

static void expect_same(const vae_dataset *a, const vae_dataset *b)
{
    cr_assert_eq(a->count, b->count);
    cr_expect_eq(a->truncated, b->truncated);
    cr_expect_arr_eq(a->offsets, b->offsets, (size_t)(a->count + 1) * sizeof *a->offsets);
    cr_expect_arr_eq(a->values, b->values, (size_t)a->offsets[a->count] * sizeof(int32_t));
    cr_expect_arr_eq(&a->remarks, &b->remarks, sizeof a->remarks);
    cr_assert(a->vocabulary.count == b->vocabulary.count && a->vocabulary.bytes == b->vocabulary.bytes);
    cr_expect_arr_eq(a->vocabulary.names, b->vocabulary.names, a->vocabulary.bytes);
    cr_expect_eq(vae_classes_find(&a->vocabulary, "b"), vae_classes_find(&b->vocabulary, "b"));
}

/* Disk equals memory, first and second time; `cached` more files are in the cache then. */
static void expect_equal(const char *path, vae_sequence_options options, int cached)
{
    char any[128];
    const int before = count_cached(any);
    vae_dataset memory = read_set(path, options, VAE_STORAGE_MEMORY);
    cr_expect_null(memory.mapping.start);
    for (int time = 0; time < 2; ++time) {
        vae_dataset disk = read_set(path, options, VAE_STORAGE_DISK);
        cr_expect_not_null(disk.mapping.start);
        expect_same(&memory, &disk);
        vae_dataset_free(&disk);
        cr_expect_eq(count_cached(any), before + cached);
    }
    vae_dataset_free(&memory);
}

Test(sequence_cache, the_same_from_disk)
{
    const char *path = WRITE("a.txt", "b a\n\na c b a\r\nx <bos> y z\n");
    char any[128];
    expect_equal(path, (vae_sequence_options){0}, 1);
    expect_equal(path, (vae_sequence_options){.limit = 2}, 1);
    expect_equal(path, (vae_sequence_options){.max_length = 2}, 1);
    expect_equal(path, (vae_sequence_options){.tokens = VAE_TOKENS_CHARACTERS}, 1);
    expect_equal(path, (vae_sequence_options){.tokens = VAE_TOKENS_BYTES}, 1);
    expect_equal(path, (vae_sequence_options){.vocabulary_size = 2}, 1);
    expect_equal(path, (vae_sequence_options){.min_count = 2}, 1);
    expect_equal(path, (vae_sequence_options){.part = "test"}, 1);
    vae_classes known = {0};
    cr_assert_eq(vae_classes_add_all(&known, "<bos>\0<eos>\0<unk>\0b", 4), VAE_OK);
    expect_equal(path, (vae_sequence_options){.known = &known}, 1);
    cr_assert_eq(vae_classes_add(&known, "a"), VAE_OK);
    expect_equal(path, (vae_sequence_options){.known = &known}, 1);
    vae_classes_free(&known);
    expect_equal(WRITE("a.txt.gz", "b a\n"), (vae_sequence_options){0}, 1);
    cr_expect_eq(count_cached(any), 11);
}

/* A file that has changed is another; a file of the cache that is not whole is written again. */
Test(sequence_cache, what_is_stale_is_not_used)
{
    char name[128];
    const struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
    const char *path = WRITE("a.txt", "b a\n");
    expect_equal(path, (vae_sequence_options){0}, 1);
    cr_assert_eq(count_cached(name), 1);
    cr_assert_eq(truncate(idx_path(name), 100), 0);
    expect_equal(path, (vae_sequence_options){0}, 0);
    WRITE("a.txt", "b c\n");
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
    expect_equal(path, (vae_sequence_options){0}, 1);
}

/* What was written once is not read to memory again. */
Test(sequence_cache, automatic)
{
    const char *path = WRITE("a.txt", "b a\n");
    vae_dataset small = read_set(path, (vae_sequence_options){0}, VAE_STORAGE_AUTO);
    cr_expect_null(small.mapping.start);
    vae_dataset_free(&small);
    vae_dataset disk = read_set(path, (vae_sequence_options){0}, VAE_STORAGE_DISK);
    vae_dataset_free(&disk);
    vae_dataset again = read_set(path, (vae_sequence_options){0}, VAE_STORAGE_AUTO);
    cr_expect_not_null(again.mapping.start);
    vae_dataset_free(&again);
}

/* A store that may not grow ends where it is full, which is how reading turns from memory to disk. */
Test(sequence_cache, a_store_that_is_full)
{
    const vae_sequence_options options = {.kind = VAE_KIND_TEXT};
    vae_sequence_source source = {.format = &vae_sequence_format_text, .options = &options, .key = ""};
    snprintf(source.file, sizeof source.file, "%s", WRITE("a.txt", "a b\nc d\ne f\ng h\n"));
    for (int most = 0; most <= 200; most += 50) {
        vae_sequence_store store = {.most = most};
        cr_assert_eq(source.format->open(&source), VAE_OK, "%s", vae_error_message());
        cr_assert_eq(vae_sequence_store_collect(&store, &source), VAE_OK, "%s", vae_error_message());
        vae_sequence_source_close(&source);
        /* The first offset, and of each item another, and four ids. */
        const int64_t fit = most == 0 ? 4 : (most - 8) / 24 + 1;
        cr_expect_eq(store.full, most > 0 && 8 + 4 * 24 > most, "%d", most);
        cr_expect_eq(store.count, fit < 4 ? fit : 4, "%d: %d", most, (int)store.count);
        free(store.values.bytes);
        free(store.offsets.bytes);
        free(store.labels.bytes);
    }
}

static void expect_failure(const char *path, vae_sequence_options options, vae_status expected, const char *words)
{
    vae_dataset dataset = {.count = 1};
    options.kind = VAE_KIND_TEXT;
    options.storage = VAE_STORAGE_DISK;
    options.cache = cache;
    cr_expect_eq(vae_sequences_read(path, &options, &dataset), expected);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect(dataset.count == 0 && !dataset.values && !dataset.offsets && !dataset.mapping.start);
}

/* A failure leaves nothing behind. */
Test(sequence_cache, failures)
{
    char name[128];
    const char *path = WRITE("a.txt", "good\nba\xFF\n");
    expect_failure(path, (vae_sequence_options){0}, VAE_ERROR_FORMAT, "a.txt: line 2, byte 3");
    expect_failure(idx_path("none"), (vae_sequence_options){0}, VAE_ERROR_CONFIG, "none");
    cr_expect_eq(count_cached(name), 0);
    cr_assert_eq(rmdir(cache), 0);
    idx_write_raw(cache, "a file", 6);
    expect_failure(path, (vae_sequence_options){.limit = 1}, VAE_ERROR_IO, "cache: is a file, expected a folder");
}

/* ---- Memory ---- */

enum { LINES = 400000 };

static void write_lines(const char *path, int lines)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    for (int i = 0; i < lines; ++i)
        fprintf(file, "w%d of the %d words, and so on to the end of the line\n", i % 1000, i % 7);
    cr_assert_eq(fclose(file), 0);
}

/* Of this process: what is its own, files that are mapped left out. In kB. */
static long own_memory(void)
{
    char line[256];
    long size = 0;
    FILE *status = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, status))
        if (strncmp(line, "RssAnon:", 8) == 0) size = strtol(line + 8, NULL, 10);
    fclose(status);
    return size;
}

/* Values take 20 MB and offsets and order 6 MB, of which none are in memory of the process's own. */
static int read_and_order(const char *path)
{
    const long before = own_memory();
    vae_dataset dataset = read_set(path, (vae_sequence_options){0}, VAE_STORAGE_DISK);
    vae_buckets buckets;
    if (dataset.count != LINES) return 1;
    if (vae_buckets_make(dataset.offsets, dataset.count, VAE_MAX_BUCKETS, 32, cache, &buckets)) return 2;
    if (buckets.steps != dataset.offsets[LINES] - LINES) return 3;
    const long more = own_memory() - before;
    vae_buckets_free(&buckets);
    vae_dataset_free(&dataset);
    return more < 2000 ? 0 : 4;
}

/* The second time the cache is there. */
Test(sequence_cache, memory_does_not_grow_with_the_text)
{
    write_lines(idx_path("a.txt"), LINES);
    for (int time = 0; time < 2; ++time) {
        int status;
        const pid_t child = fork();
        if (child == 0) _exit(read_and_order(idx_path("a.txt")));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFEXITED(status));
#ifndef __SANITIZE_ADDRESS__
        cr_expect_eq(WEXITSTATUS(status), 0, "time %d: %d", time, WEXITSTATUS(status));
#endif
    }
}

/* ---- Reading ahead ---- */

enum { BATCH = 50, BATCHES = 60, EPOCH = 3 };

/* Every tenth line, in another order. */
static int64_t plan_items(const void *context, uint64_t epoch, int64_t batch, int64_t *items)
{
    const int64_t *short_batch = context;
    const int64_t count = batch == *short_batch ? BATCH / 2 : BATCH;
    if (epoch != EPOCH) return 0;
    for (int64_t i = 0; i < count; ++i)
        items[i] = (batch * BATCH + i) * 10;
    return count;
}

static void forget_pages(const char *path)
{
    const int file = open(path, O_RDONLY);
    cr_assert_geq(file, 0);
    cr_assert_eq(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(file);
}

/* Pages of the values that are in memory. */
static int64_t count_resident(const vae_dataset *dataset)
{
    static unsigned char resident[1 << 12];
    const size_t bytes = (size_t)dataset->offsets[dataset->count] * sizeof(int32_t), pages = (bytes + 4095) / 4096;
    int64_t count = 0;
    cr_assert_leq(pages, sizeof resident);
    cr_assert_eq(mincore(dataset->values, bytes, resident), 0);
    for (size_t i = 0; i < pages; ++i)
        count += resident[i] & 1;
    return count;
}

Test(sequence_cache, batches_that_come_are_fetched)
{
    char name[128];
    const int64_t short_batch = BATCHES - 1;
    write_lines(idx_path("a.txt"), BATCHES * BATCH * 10);
    vae_dataset dataset = read_set(idx_path("a.txt"), (vae_sequence_options){0}, VAE_STORAGE_DISK);
    vae_dataset_free(&dataset);
    cr_assert_eq(count_cached(name), 1);
    forget_pages(idx_path(name));
    dataset = read_set(idx_path("a.txt"), (vae_sequence_options){0}, VAE_STORAGE_DISK);
    const vae_prefetch_plan plan = {&short_batch, BATCHES, BATCH, plan_items};
    vae_prefetch *prefetch;
    cr_assert_eq(vae_prefetch_create_sequences(&dataset, &plan, &prefetch), VAE_OK);
    cr_assert_not_null(prefetch);
    vae_prefetch_advance(prefetch, EPOCH, 0);
    /* All batches are within its reach; but for the half of the last, its pages are all there are. */
    const int64_t pages = dataset.offsets[(BATCHES - 1) * BATCH * 10] * (int64_t)sizeof(int32_t) / 4096;
    for (int wait = 0; wait < 200 && count_resident(&dataset) < pages; ++wait)
        usleep(10000);
    cr_expect_geq(count_resident(&dataset), pages);
    vae_prefetch_destroy(prefetch);
    vae_dataset_free(&dataset);
    dataset = read_set(idx_path("a.txt"), (vae_sequence_options){0}, VAE_STORAGE_MEMORY);
    cr_assert_eq(vae_prefetch_create_sequences(&dataset, &plan, &prefetch), VAE_OK);
    cr_expect_null(prefetch);
    vae_dataset_free(&dataset);
}
