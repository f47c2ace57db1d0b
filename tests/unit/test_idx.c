/* data/idx.c: what it reads, and one clear message for each way in which a file can be wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/stat.h>

#include "data/dataset.h"
#include "data/read.h"
#include "unit/idx_file.h"

TestSuite(idx, .init = idx_setup, .fini = idx_teardown);

/* ---- Good files ---- */

static void expect_images(const char *path, int64_t limit, int64_t count, const int64_t shape[3])
{
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(path, &(vae_read_options){.limit = limit}, &dataset), VAE_OK, "%s",
                 vae_error_message());
    cr_expect_eq(dataset.count, count);
    cr_expect_eq(dataset.height, shape[0]);
    cr_expect_eq(dataset.width, shape[1]);
    cr_expect_eq(dataset.channels, shape[2]);
    cr_expect_eq(vae_dataset_elements(&dataset), shape[0] * shape[1] * shape[2]);
    cr_expect_null(dataset.labels);
    cr_expect_not(dataset.borrowed);
    for (int64_t i = 0; i < count * vae_dataset_elements(&dataset); ++i)
        cr_assert_eq(dataset.values[i], idx_value((size_t)i), "byte %d", (int)i);
    vae_dataset_free(&dataset);
    cr_expect_null(dataset.values);
    cr_expect_eq(dataset.count, 0);
}

Test(idx, reads_plain_and_gzip_alike)
{
    const idx_bytes bytes = idx_images(7, 5, 3);
    expect_images(idx_write("a.idx", &bytes), 0, 7, (int64_t[]){5, 3, 1});
    expect_images(idx_write("a.idx.gz", &bytes), 0, 7, (int64_t[]){5, 3, 1});
}

Test(idx, the_content_decides_not_the_name)
{
    const idx_bytes bytes = idx_images(2, 4, 4);
    uint8_t compressed[1024];
    const size_t size = idx_compress(bytes.byte, bytes.count, compressed, sizeof compressed);
    idx_write_raw(idx_path("gzip-named.idx"), compressed, size);
    expect_images(idx_path("gzip-named.idx"), 0, 2, (int64_t[]){4, 4, 1});
    idx_write_raw(idx_path("plain-named.gz"), bytes.byte, bytes.count);
    expect_images(idx_path("plain-named.gz"), 0, 2, (int64_t[]){4, 4, 1});
}

Test(idx, a_gzip_file_of_two_members_is_their_concatenation)
{
    const idx_bytes bytes = idx_images(3, 4, 5);
    uint8_t compressed[1024];
    size_t size = idx_compress(bytes.byte, 21, compressed, sizeof compressed);
    size += idx_compress(bytes.byte + 21, bytes.count - 21, compressed + size, sizeof compressed - size);
    idx_write_raw(idx_path("two.gz"), compressed, size);
    expect_images(idx_path("two.gz"), 0, 3, (int64_t[]){4, 5, 1});
}

Test(idx, rank_4_has_channels)
{
    idx_bytes bytes = IDX_HEADER(8, 3, 4, 5, 2);
    idx_append_values(&bytes, 120);
    expect_images(idx_write("colour.idx", &bytes), 0, 3, (int64_t[]){4, 5, 2});
    int64_t shape[4];
    cr_assert_eq(vae_images_read_shape(idx_path("colour.idx"), &(vae_read_options){0}, shape), VAE_OK);
    cr_expect_arr_eq(shape, ((int64_t[]){3, 4, 5, 2}), sizeof shape);
}

Test(idx, limit_keeps_the_first_images)
{
    const idx_bytes bytes = idx_images(7, 5, 3);
    const char *path = idx_write("a.idx.gz", &bytes);
    expect_images(path, 1, 1, (int64_t[]){5, 3, 1});
    expect_images(path, 6, 6, (int64_t[]){5, 3, 1});
    expect_images(path, 7, 7, (int64_t[]){5, 3, 1});
    expect_images(path, 1000, 7, (int64_t[]){5, 3, 1});
}

Test(idx, shape_reads_the_header_alone)
{
    const idx_bytes bytes = IDX_HEADER(8, 60000, 28, 28);
    int64_t shape[4];
    cr_assert_eq(vae_images_read_shape(idx_write("header.idx", &bytes), &(vae_read_options){0}, shape), VAE_OK, "%s",
                 vae_error_message());
    cr_expect_arr_eq(shape, ((int64_t[]){60000, 28, 28, 1}), sizeof shape);
}

/* More than one piece of growing memory, with a value that tells each place. */
Test(idx, reads_files_larger_than_one_piece)
{
    enum { COUNT = 5000, SIDE = 32 };
    const uint8_t header[16] = {0, 0, 8, 3, 0, 0, COUNT >> 8, COUNT & 255, 0, 0, 0, SIDE, 0, 0, 0, SIDE};
    gzFile file = gzopen(idx_path("large.gz"), "wb1");
    uint8_t row[SIDE * SIDE];
    gzwrite(file, header, sizeof header);
    for (int i = 0; i < COUNT; ++i) {
        for (int j = 0; j < SIDE * SIDE; ++j)
            row[j] = (uint8_t)(i * 31 + j * 7 + (i >> 3));
        cr_assert_eq(gzwrite(file, row, sizeof row), (int)sizeof row);
    }
    cr_assert_eq(gzclose(file), Z_OK);
    vae_dataset dataset;
    cr_assert_eq(vae_images_read(idx_path("large.gz"), &(vae_read_options){.limit = 0}, &dataset), VAE_OK, "%s",
                 vae_error_message());
    for (int i = 0; i < COUNT; ++i) {
        for (int j = 0; j < SIDE * SIDE; ++j)
            cr_assert_eq(dataset.values[i * SIDE * SIDE + j], (uint8_t)(i * 31 + j * 7 + (i >> 3)));
    }
    vae_dataset_free(&dataset);
}

/* ---- Bad files: the status, and a message that names the file and holds the words ---- */

static void expect_failure(const char *path, vae_status expected, const char *words)
{
    vae_dataset dataset = {.count = 1};
    const vae_status status = vae_images_read(path, &(vae_read_options){.limit = 0}, &dataset);
    cr_expect_eq(status, expected, "%s: %s: %s", path, vae_status_name(status), vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), path), "'%s' does not name %s", vae_error_message(), path);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(dataset.values);
    cr_expect_eq(dataset.count, 0);
}

static void expect_bad_content(const idx_bytes *bytes, const char *words)
{
    expect_failure(idx_write("bad.idx", bytes), VAE_ERROR_FORMAT, words);
    expect_failure(idx_write("bad.idx.gz", bytes), VAE_ERROR_FORMAT, words);
}

Test(idx, missing_file)
{
    expect_failure(idx_path("none.idx"), VAE_ERROR_CONFIG, "No such file or directory");
    cr_expect_null(strstr(vae_error_message(), "get-data"), "%s", vae_error_message());
    expect_failure("/nonexistent/data/mnist/t.gz", VAE_ERROR_CONFIG,
                   "cannot open /nonexistent/data/mnist/t.gz: No such file or directory; scripts/get-data mnist puts");
    expect_failure("/nonexistent/data/fashion/t.gz", VAE_ERROR_CONFIG, "; scripts/get-data fashion puts it there");
    vae_dataset dataset = {.count = 1};
    cr_expect_eq(vae_labels_read(idx_path("none.idx"), 0, &dataset), VAE_ERROR_CONFIG);
    int64_t shape[4];
    cr_expect_eq(vae_images_read_shape(idx_path("none.idx"), &(vae_read_options){0}, shape), VAE_ERROR_CONFIG);
}

Test(idx, unreadable_file)
{
    const idx_bytes bytes = idx_images(1, 2, 2);
    /* A name that is too long, since permissions do not stop root. */
    char path[512];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    expect_failure(path, VAE_ERROR_CONFIG, "File name too long");
    if (geteuid() != 0) {
        const char *closed = idx_write("closed.idx", &bytes);
        cr_assert_eq(chmod(closed, 0), 0);
        expect_failure(closed, VAE_ERROR_CONFIG, "Permission denied");
    }
}

Test(idx, folders_pipes_and_devices)
{
    expect_failure(idx_folder, VAE_ERROR_FORMAT, "is a folder without a file whose name ends like");
    const char *pipe = idx_path("pipe");
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    expect_failure(pipe, VAE_ERROR_FORMAT, "is not a regular file"); /* and does not wait for a writer */
    expect_failure("/dev/zero", VAE_ERROR_FORMAT, "is not a regular file");
}

Test(idx, too_short_for_a_header)
{
    idx_bytes bytes = idx_images(2, 3, 3);
    bytes.count = 0;
    expect_bad_content(&bytes, "is empty");
    bytes.count = 3;
    expect_bad_content(&bytes, "has 3 bytes, too few");
    bytes.count = 4;
    expect_bad_content(&bytes, "ends inside its header, after 4 bytes");
    bytes.count = 15;
    expect_bad_content(&bytes, "ends inside its header, after 15 bytes");
    bytes.count = 16;
    expect_bad_content(&bytes, "promises 18 numbers, but only 0");
}

Test(idx, wrong_magic)
{
    idx_bytes bytes = idx_images(2, 3, 3);
    memcpy(bytes.byte, "\x89PNG", 4);
    expect_bad_content(&bytes, "is a PNG picture");
    memcpy(bytes.byte, "\0\1\x08\3", 4);
    expect_bad_content(&bytes, "begins with 00 01 08 03");
}

Test(idx, wrong_type)
{
    const uint8_t types[] = {0, 7, 0x0a, 0x0f, 0xff};
    for (size_t i = 0; i < sizeof types; ++i) {
        idx_bytes bytes = idx_images(2, 3, 3);
        char words[64];
        bytes.byte[2] = types[i];
        snprintf(words, sizeof words, "IDX type 0x%02x, but the format has only 0x08", types[i]);
        expect_bad_content(&bytes, words);
    }
}

Test(idx, wrong_rank)
{
    const idx_bytes labels = idx_labels(5);
    expect_bad_content(&labels, "is an IDX file of rank 1, but images are of rank 3 or 4, rows of rank 2");
    const int ranks[] = {0, 1, 9, 255};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; ++i) {
        idx_bytes bytes = idx_images(2, 3, 3);
        char words[32];
        bytes.byte[3] = (uint8_t)ranks[i];
        snprintf(words, sizeof words, "of rank %d,", ranks[i]);
        expect_bad_content(&bytes, words);
    }
}

Test(idx, sizes_of_zero)
{
    for (int place = 0; place < 3; ++place) {
        uint32_t sizes[3] = {2, 3, 3};
        char words[64];
        sizes[place] = 0;
        const idx_bytes bytes = idx_header(8, 3, sizes);
        snprintf(words, sizeof words, "size %d of the 3 in its header is 0", place + 1);
        expect_bad_content(&bytes, words);
    }
}

Test(idx, sizes_that_overflow)
{
    /* 2^32 · 2^32 = 2^64 and 2^24 · 2^20 · 2^20 = 2^64 wrap to 0, the others to something small or negative. */
    const uint32_t cases[][4] = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                 {1u << 31, 1u << 31, 4, 1},
                                 {1u << 24, 1u << 20, 1u << 20, 1},
                                 {0x80000001u, 0x80000001u, 4, 4},
                                 {1u << 20, 1u << 20, 2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        idx_bytes bytes = idx_header(8, 4, cases[i]);
        idx_append_values(&bytes, 64);
        expect_bad_content(&bytes, "multiply to more than");
        int64_t shape[4];
        cr_expect_eq(vae_images_read_shape(idx_path("bad.idx"), &(vae_read_options){0}, shape), VAE_ERROR_FORMAT);
    }
}

/* The largest header that passes the check promises 2^40 bytes; with 256 MiB of address space to spare, only a reader
 * that grows with the content says what is wrong. */
Test(idx, a_header_that_promises_much_costs_little)
{
    idx_bytes bytes = IDX_HEADER(8, 1u << 20, 1u << 10, 1u << 10);
    idx_append_values(&bytes, 1000);
    idx_limit_memory();
    expect_bad_content(&bytes, "promises 1099511627776 numbers, but only 1000 are there");
}

Test(idx, truncated_and_oversized)
{
    idx_bytes bytes = idx_images(4, 5, 6);
    bytes.count--;
    expect_bad_content(&bytes, "promises 120 numbers, but only 119 are there");
    bytes.count += 2;
    expect_bad_content(&bytes, "goes on after the 120 numbers that its header promises");
    bytes.count += 5000;
    expect_bad_content(&bytes, "goes on after the 120 numbers");
}

/* With a limit what is not needed is not read, so damage behind it is not seen; damage before it is. */
Test(idx, truncation_before_a_limit)
{
    idx_bytes bytes = idx_images(4, 5, 6);
    bytes.count = 16 + 2 * 30;
    const char *path = idx_write("short.idx", &bytes);
    expect_images(path, 2, 2, (int64_t[]){5, 6, 1});
    vae_dataset dataset;
    cr_expect_eq(vae_images_read(path, &(vae_read_options){.limit = 3}, &dataset), VAE_ERROR_FORMAT);
}

/* ---- Damaged gzip ---- */

Test(idx, gzip_cut_short_anywhere)
{
    const idx_bytes bytes = idx_images(4, 9, 9);
    uint8_t compressed[2048];
    const size_t size = idx_compress(bytes.byte, bytes.count, compressed, sizeof compressed);
    for (size_t cut = 2; cut < size; ++cut) {
        idx_write_raw(idx_path("cut.gz"), compressed, cut);
        expect_failure(idx_path("cut.gz"), VAE_ERROR_FORMAT, "the gzip stream is cut short");
    }
}

/* One flipped bit in the checksum, in the length and in the data. */
Test(idx, gzip_damaged)
{
    const idx_bytes bytes = idx_images(4, 9, 9);
    uint8_t compressed[2048];
    const size_t size = idx_compress(bytes.byte, bytes.count, compressed, sizeof compressed);
    const char *words[] = {"incorrect data check", "incorrect length check"};
    for (int i = 0; i < 2; ++i) {
        compressed[size - (i ? 4 : 8)] ^= 1;
        idx_write_raw(idx_path("damaged.gz"), compressed, size);
        expect_failure(idx_path("damaged.gz"), VAE_ERROR_FORMAT, words[i]);
        compressed[size - (i ? 4 : 8)] ^= 1;
    }
    for (size_t place = 12; place < size - 8; ++place) {
        vae_dataset dataset;
        compressed[place] ^= 4;
        idx_write_raw(idx_path("damaged.gz"), compressed, size);
        cr_expect_eq(vae_images_read(idx_path("damaged.gz"), &(vae_read_options){.limit = 0}, &dataset),
                     VAE_ERROR_FORMAT, "byte %zu", place);
        cr_expect_not_null(strstr(vae_error_message(), "damaged.gz: "), "%s", vae_error_message());
        compressed[place] ^= 4;
    }
}

Test(idx, zlib_message_names_the_file_once)
{
    const uint8_t wrong_method[] = {0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 4};
    idx_write_raw(idx_path("method.gz"), wrong_method, sizeof wrong_method);
    expect_failure(idx_path("method.gz"), VAE_ERROR_FORMAT, "unknown compression method");
    const char *first = strstr(vae_error_message(), "method.gz");
    cr_assert_not_null(first);
    cr_expect_null(strstr(first + 1, "method.gz"), "%s", vae_error_message());
}

/* ---- Labels ---- */

static vae_status read_labels(const char *path, int64_t limit, int64_t count, int64_t stored, vae_dataset *dataset)
{
    *dataset = (vae_dataset){.count = count, .stored = stored};
    return vae_labels_read(path, limit, dataset);
}

Test(idx, labels)
{
    const idx_bytes bytes = idx_labels(12);
    const char *paths[] = {idx_write("l.idx", &bytes), idx_write("l.idx.gz", &bytes)};
    for (int i = 0; i < 2; ++i) {
        vae_dataset dataset;
        cr_assert_eq(read_labels(paths[i], 0, 12, 12, &dataset), VAE_OK, "%s", vae_error_message());
        for (int j = 0; j < 12; ++j)
            cr_expect_eq(dataset.labels[j], j % 10);
        vae_dataset_free(&dataset);
        cr_assert_eq(read_labels(paths[i], 5, 5, 12, &dataset), VAE_OK, "%s", vae_error_message());
        cr_expect_eq(dataset.labels[4], 4);
        vae_dataset_free(&dataset);
        cr_assert_eq(read_labels(paths[i], 5, 5, 0, &dataset), VAE_OK, "%s", vae_error_message());
        vae_dataset_free(&dataset);
    }
}

static void expect_label_failure(const char *path, int64_t limit, int64_t count, int64_t stored, const char *words)
{
    vae_dataset dataset;
    cr_expect_eq(read_labels(path, limit, count, stored, &dataset), VAE_ERROR_FORMAT, "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), path), "%s", vae_error_message());
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_null(dataset.labels);
}

Test(idx, labels_of_another_count)
{
    const idx_bytes bytes = idx_labels(12);
    const char *path = idx_write("l.idx", &bytes);
    expect_label_failure(path, 0, 13, 13, "holds 12 labels for 13 images");
    expect_label_failure(path, 0, 11, 11, "holds 12 labels for 11 images");
    expect_label_failure(path, 0, 11, 0, "holds 12 labels for 11 images");
    expect_label_failure(path, 5, 5, 13, "holds 12 labels for 13 images"); /* enough, but of other images */
    expect_label_failure(path, 5, 5, 11, "holds 12 labels for 11 images");
    expect_label_failure(path, 13, 13, 0, "holds 12 labels for 13 images");
}

Test(idx, labels_damaged)
{
    idx_bytes bytes = idx_labels(12);
    bytes.count--;
    expect_label_failure(idx_write("l.idx", &bytes), 0, 12, 12, "promises 12 numbers, but only 11");
    bytes.count += 2;
    expect_label_failure(idx_write("l.idx", &bytes), 0, 12, 12, "goes on after the 12 numbers");
    bytes.count--;
    uint8_t compressed[256];
    const size_t size = idx_compress(bytes.byte, bytes.count, compressed, sizeof compressed);
    compressed[size - 8] ^= 1;
    idx_write_raw(idx_path("l.gz"), compressed, size);
    expect_label_failure(idx_path("l.gz"), 0, 12, 12, "incorrect data check");
    const idx_bytes images = idx_images(12, 2, 2);
    expect_label_failure(idx_write("i.idx", &images), 0, 12, 12, "rank 3, but labels are of rank 1");
}
