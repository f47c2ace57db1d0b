/* core/file.c: whole reads, atomic replacement, folders, paths. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "unit/temporary.h"

static char folder[64];

static void setup(void)
{
    temporary_make(folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(file, .init = setup, .fini = teardown);

static const char *in_folder(const char *name)
{
    static _Thread_local char path[256];
    cr_assert_eq(vae_path_join(path, sizeof path, folder, name), VAE_OK);
    return path;
}

static void write_text(const char *path, const char *text)
{
    const void *const parts[] = {text};
    const size_t sizes[] = {strlen(text)};
    cr_assert_eq(vae_file_write_atomic(path, parts, sizes, 1), VAE_OK, "%s", vae_error_message());
}

static void expect_text(const char *path, const char *expected)
{
    void *data;
    size_t size;
    cr_assert_eq(vae_file_read(path, 1000, &data, &size), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(size, strlen(expected));
    cr_expect_str_eq(data, expected);
    free(data);
}

static void expect_read_error(const char *path, size_t max_size, vae_status expected, const char *words)
{
    void *data = NULL;
    size_t size;
    cr_expect_eq(vae_file_read(path, max_size, &data, &size), expected, "%s", vae_error_message());
    cr_expect_null(data);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect_not_null(strstr(vae_error_message(), path), "'%s' lacks the path", vae_error_message());
}

Test(file, parts_are_joined_and_read_back)
{
    const void *const parts[] = {"abc", "", "defg"};
    const size_t sizes[] = {3, 0, 4};
    cr_assert_eq(vae_file_write_atomic(in_folder("x"), parts, sizes, 3), VAE_OK);
    expect_text(in_folder("x"), "abcdefg");
    cr_expect_not(vae_path_exists(in_folder("x.partial")));
}

Test(file, an_empty_file_is_read_as_an_empty_text)
{
    write_text(in_folder("empty"), "");
    expect_text(in_folder("empty"), "");
}

Test(file, writing_replaces_and_a_stale_partial_file_does_not_matter)
{
    write_text(in_folder("x.partial"), "left behind by a crash, longer than what follows");
    write_text(in_folder("x"), "old");
    write_text(in_folder("x"), "new");
    expect_text(in_folder("x"), "new");
    cr_expect_not(vae_path_exists(in_folder("x.partial")));
}

Test(file, a_failed_write_leaves_the_old_content)
{
    /* A folder in the place of the partial file: it cannot be created. */
    write_text(in_folder("x"), "old");
    cr_assert_eq(vae_folder_make(in_folder("x.partial")), VAE_OK);
    const void *const parts[] = {"new"};
    const size_t sizes[] = {3};
    cr_expect_eq(vae_file_write_atomic(in_folder("x"), parts, sizes, 1), VAE_ERROR_IO);
    expect_text(in_folder("x"), "old");
    cr_expect_eq(vae_file_write_atomic(in_folder("none/x"), parts, sizes, 1), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "none/x"));
}

Test(file, reading_refuses_what_it_should)
{
    write_text(in_folder("x"), "12345");
    expect_read_error(in_folder("x"), 4, VAE_ERROR_FORMAT, "5 bytes");
    expect_read_error(in_folder("missing"), 4, VAE_ERROR_IO, "No such file");
    expect_read_error(folder, 4, VAE_ERROR_IO, "is a folder");
    cr_assert_eq(mkfifo(in_folder("fifo"), 0600), 0);
    expect_read_error(in_folder("fifo"), 4, VAE_ERROR_IO, "regular");
}

Test(file, a_stream_gives_a_whole_file_or_none)
{
    char path[256];
    vae_file_stream *stream;
    strcpy(path, in_folder("x"));
    write_text(path, "old");
    cr_assert_eq(vae_file_stream_open(path, &stream), VAE_OK, "%s", vae_error_message());
    fputs("half", vae_file_stream_handle(stream));
    vae_file_stream_abandon(stream);
    expect_text(path, "old");
    cr_expect_not(vae_path_exists(in_folder("x.partial")));
    cr_assert_eq(vae_file_stream_open(path, &stream), VAE_OK);
    cr_assert_eq(vae_file_stream_write(stream, "ne", 2), VAE_OK);
    fputs("w", vae_file_stream_handle(stream));
    expect_text(path, "old");
    cr_expect_eq(vae_file_stream_commit(stream), VAE_OK, "%s", vae_error_message());
    expect_text(path, "new");
    cr_expect_not(vae_path_exists(in_folder("x.partial")));
    cr_expect_eq(vae_file_stream_open("/nowhere/x", &stream), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "/nowhere/x"));
}

Test(file, a_stream_to_a_full_disk_fails)
{
    vae_file_stream *stream;
    if (symlink("/dev/full", in_folder("x.partial"))) cr_skip_test("no symbolic links");
    char path[256];
    strcpy(path, in_folder("x"));
    cr_assert_eq(vae_file_stream_open(path, &stream), VAE_OK, "%s", vae_error_message());
    for (int i = 0; i < 100000; ++i)
        fputs("more than a buffer", vae_file_stream_handle(stream));
    cr_expect_eq(vae_file_stream_commit(stream), VAE_ERROR_IO);
    cr_expect_not(vae_path_exists(path));
}

Test(file, a_link_takes_the_place_of_the_old_file)
{
    write_text(in_folder("best"), "best");
    write_text(in_folder("last"), "last");
    cr_assert_eq(vae_file_link_atomic(in_folder("best"), "/nowhere/last"), VAE_ERROR_IO);
    char best[256];
    strcpy(best, in_folder("best"));
    for (int twice = 0; twice < 2; ++twice) {
        cr_assert_eq(vae_file_link_atomic(best, in_folder("last")), VAE_OK, "%s", vae_error_message());
        expect_text(in_folder("last"), "best");
        cr_expect_not(vae_path_exists(in_folder("last.partial")));
    }
    /* The names part again when one is replaced. */
    write_text(in_folder("last"), "newer");
    expect_text(best, "best");
}

Test(file, folders_are_made_with_those_above)
{
    cr_expect_eq(vae_folder_make(in_folder("a/b//c/")), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(vae_folder_make(in_folder("a/b/c")), VAE_OK);
    write_text(in_folder("a/b/c/x"), "");
    cr_expect_eq(vae_folder_make(in_folder("a/b/c/x")), VAE_ERROR_IO);
    cr_expect_not_null(strstr(vae_error_message(), "is a file"));
    cr_expect_eq(vae_folder_make(in_folder("a/b/c/x/y")), VAE_ERROR_IO);
    cr_expect_eq(vae_folder_make(""), VAE_ERROR_ARGUMENT);
}

Test(file, paths_are_joined)
{
    char path[8];
    cr_expect_eq(vae_path_join(path, sizeof path, "a", "b"), VAE_OK);
    cr_expect_str_eq(path, "a/b");
    cr_expect_eq(vae_path_join(path, sizeof path, "a/", "b"), VAE_OK);
    cr_expect_str_eq(path, "a/b");
    cr_expect_eq(vae_path_join(path, sizeof path, "", "b"), VAE_OK);
    cr_expect_str_eq(path, "b");
    cr_expect_eq(vae_path_join(path, sizeof path, "a", "/b"), VAE_OK);
    cr_expect_str_eq(path, "/b");
    cr_expect_eq(vae_path_join(path, sizeof path, "abc", "def"), VAE_OK);
    cr_expect_eq(vae_path_join(path, sizeof path, "abcd", "def"), VAE_ERROR_ARGUMENT);
}

Test(file, path_name_is_the_last_one)
{
    static const char *const cases[][2] = {
        {"runs/mnist", "mnist"}, {"runs/mnist//", "mnist"}, {"mnist", "mnist"}, {"/", ""}, {".", "."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        int length;
        const char *name = vae_path_name(cases[i][0], &length);
        cr_expect_eq((size_t)length, strlen(cases[i][1]), "%s", cases[i][0]);
        cr_expect_eq(strncmp(name, cases[i][1], (size_t)length), 0, "%s", cases[i][0]);
    }
}
