/* data/drawings_folder.c: folders of drawings and their classes, and parts beside the training data. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <sys/stat.h>

#include "data/sequences.h"
#include "unit/drawing_file.h"
#include "unit/npy_file.h"

TestSuite(drawings_folder, .init = idx_setup, .fini = idx_teardown, .timeout = 60);

#define NONE ((vae_sequence_options){0})

static void folder(const char *name)
{
    cr_assert_eq(mkdir(idx_path(name), 0777), 0);
}

#define LINE(x) "<svg><path d=\"M0 0h" #x "\"/></svg>"

/* Drawings of one step each, (first, 0) to (first + count - 1, 0). */
static void write_npz(const char *name, int first, int count, const char *const *keys)
{
    npz_entry entries[4];
    int8_t rows[64 * 3] = {0};
    for (int i = 0; i < count; ++i) {
        rows[3 * i] = (int8_t)(first + i);
        rows[3 * i + 2] = 1;
    }
    const idx_bytes array = npy_bytes("|i1", NPY_SIZES(count, 1, 3), rows, (size_t)count * 3);
    int entry = 0;
    for (; keys[entry]; ++entry)
        entries[entry] = (npz_entry){keys[entry], &array};
    npz_write(idx_path(name), entries, entry, true);
}

static const char *const train_alone[] = {"train.npy", NULL}, *const all_parts[] = {"train.npy", "valid.npy",
                                                                                    "test.npy", NULL};

Test(drawings_folder, svg_without_classes)
{
    folder("d");
    DRAWING_WRITE("d/b.svg", LINE(2));
    DRAWING_WRITE("d/a.SVG", LINE(1));
    DRAWING_WRITE("d/notes.txt", "x");
    DRAWING_WRITE("d/empty.svg", "<svg/>");
    vae_dataset dataset = drawing_read(idx_path("d"), NONE);
    drawing_expect(&dataset, "1,0|\n2,0|\n");
    cr_expect_null(dataset.labels);
    cr_expect_eq(dataset.remarks.of[VAE_REMARK_EMPTY_DRAWINGS].count, 1);
    vae_dataset_free(&dataset);
}

Test(drawings_folder, subfolders_are_classes)
{
    folder("d");
    folder("d/cat");
    folder("d/dog");
    DRAWING_WRITE("d/cat/1.svg", LINE(1));
    DRAWING_WRITE("d/cat/2.svg", LINE(2));
    DRAWING_WRITE("d/dog/3.svg", LINE(3));
    vae_dataset dataset = drawing_read(idx_path("d"), NONE);
    drawing_expect(&dataset, "1,0|\n3,0|\n2,0|\n");
    IDX_EXPECT_LABELS(dataset.labels, 0, 1, 0);
    cr_expect_str_eq(vae_classes_name(&dataset.classes, 1), "dog");
    vae_dataset_free(&dataset);
}

/* Three and six, side by side. */
Test(drawings_folder, files_are_classes)
{
    folder("d");
    write_npz("d/cat.npz", 1, 3, train_alone);
    write_npz("d/dog.npz", 11, 6, train_alone);
    vae_dataset dataset = drawing_read(idx_path("d"), (vae_sequence_options){.part = "train"});
    drawing_expect(&dataset, "1,0|\n11,0|\n12,0|\n2,0|\n13,0|\n14,0|\n3,0|\n15,0|\n16,0|\n");
    IDX_EXPECT_LABELS(dataset.labels, 0, 1, 1, 0, 1, 1, 0, 1, 1);
    cr_expect_str_eq(vae_classes_name(&dataset.classes, 0), "cat");
    vae_dataset_free(&dataset);
}

Test(drawings_folder, words_go_before_names_of_files)
{
    folder("d");
    DRAWING_WRITE("d/full_a.ndjson", "{\"word\":\"ant\",\"drawing\":[[[0,1],[0,0]]]}\n");
    DRAWING_WRITE("d/b.ndjson", "{\"drawing\":[[[0,2],[0,0]]]}\n{\"drawing\":[[[0,3],[0,0]]]}\n");
    vae_dataset dataset = drawing_read(idx_path("d"), NONE);
    cr_assert_eq(dataset.count, 3);
    cr_expect_geq(vae_classes_find(&dataset.classes, "ant"), 0);
    cr_expect_geq(vae_classes_find(&dataset.classes, "b"), 0);
    cr_expect_eq(dataset.classes.count, 2);
    vae_dataset_free(&dataset);
}

Test(drawings_folder, parts)
{
    folder("d");
    write_npz("d/cat.npz", 1, 3, all_parts);
    write_npz("d/dog.npz", 1, 3, train_alone);
    cr_expect(vae_sequences_have_part(idx_path("d/cat.npz"), VAE_KIND_DRAWING, "validation"));
    cr_expect(vae_sequences_have_part(idx_path("d/cat.npz"), VAE_KIND_DRAWING, "test"));
    cr_expect(!vae_sequences_have_part(idx_path("d/dog.npz"), VAE_KIND_DRAWING, "test"));
    cr_expect(!vae_sequences_have_part(idx_path("d/cat.npz:train"), VAE_KIND_DRAWING, "test"));
    cr_expect(!vae_sequences_have_part(idx_path("none.npz"), VAE_KIND_DRAWING, "test"));
    cr_expect(!vae_sequences_have_part(idx_path("d"), VAE_KIND_DRAWING, "test"));
    cr_assert_eq(unlink(idx_path("d/dog.npz")), 0);
    cr_expect(vae_sequences_have_part(idx_path("d"), VAE_KIND_DRAWING, "test"));
}

Test(drawings_folder, parts_are_subfolders)
{
    folder("d");
    folder("d/train");
    folder("d/valid");
    DRAWING_WRITE("d/train/a.svg", LINE(1));
    DRAWING_WRITE("d/valid/a.svg", LINE(2));
    cr_expect(vae_sequences_have_part(idx_path("d"), VAE_KIND_DRAWING, "validation"));
    cr_expect(!vae_sequences_have_part(idx_path("d"), VAE_KIND_DRAWING, "test"));
    drawing_expect_file(idx_path("d"), (vae_sequence_options){.part = "train"}, "1,0|\n");
    drawing_expect_file(idx_path("d"), (vae_sequence_options){.part = "validation"}, "2,0|\n");
    /* As classes, where no part is asked for. */
    drawing_expect_file(idx_path("d"), NONE, "1,0|\n2,0|\n");
}

/* What a change in a file of the folder does to the cache of its drawings. */
Test(drawings_folder, on_disk)
{
    folder("d");
    DRAWING_WRITE("d/a.svg", LINE(1));
    const vae_sequence_options options = {.storage = VAE_STORAGE_DISK, .cache = idx_path("cache")};
    drawing_expect_file(idx_path("d"), options, "1,0|\n");
    drawing_expect_file(idx_path("d"), options, "1,0|\n");
    DRAWING_WRITE("d/a.svg", LINE(25));
    drawing_expect_file(idx_path("d"), options, "25,0|\n");
}

/* ---- What is wrong ---- */

Test(drawings_folder, refused)
{
    folder("d");
    drawing_expect_failure(idx_path("d"), NONE,
                           ": is a folder without a file whose name ends like that of a supported drawing (SVG, NPZ, "
                           ".ndjson)");
    DRAWING_WRITE("d/b.svg", LINE(2));
    write_npz("d/a.npz", 1, 1, train_alone);
    drawing_expect_failure(
        idx_path("d"), NONE,
        ": has files of one drawing and of many, as a.npz and b.svg; put them in folders of their own");
    cr_assert_eq(unlink(idx_path("d/a.npz")), 0);
    folder("d/c");
    DRAWING_WRITE("d/c/c.svg", LINE(2));
    drawing_expect_failure(idx_path("d"), NONE,
                           ": has drawings of its own and others in folders below it, as seen at c/c.svg; subfolders "
                           "are classes, so all or none must be in them");
}

Test(drawings_folder, a_damaged_file_is_named)
{
    folder("d");
    DRAWING_WRITE("d/a.svg", LINE(2));
    DRAWING_WRITE("d/b.svg", "<svg>");
    drawing_expect_failure(idx_path("d"), NONE, "/b.svg: line 1, column 6: is not XML, or cut off: no element found");
}
