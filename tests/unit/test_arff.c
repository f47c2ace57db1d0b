/* data/arff.c: Weka's text format in the spellings that there are, and what is not a table of numbers. */
#define _GNU_SOURCE
#include "unit/rows_file.h"

TestSuite(arff, .init = idx_setup, .fini = idx_teardown);

Test(arff, in_every_spelling)
{
    static const char *const texts[] = {
        "@relation r\n@attribute age numeric\n@attribute height real\n@data\n1.5,-2\n3e2,0.25\n8,9\n",
        "% a comment, 1\r\n\r\n@RELATION 'of people'\r\n@Attribute 'age' Integer\r\n % more\r\n"
        "@ATTRIBUTE\theight\tREAL [0,9]\r\n   \r\n@Data \r\n%\r\n 1.5 ,\t-2 \r\n3e2,0.25\r\n%1,2\r\n8,9\r\n\t\r\n",
        "\xEF\xBB\xBF\n@relation r\n@attribute age real % in years\n@attribute \"height\" numeric\n@data\n1.5,-2\n"
        "300,.25\n\n8,9",
    };
    const float expected[] = {1.5f, -2, 300, 0.25f, 8, 9};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
        expect_floats(write_text("a.arff", texts[i]), &automatic, expected, 6);
        expect_floats(write_text("a.arff.gz", texts[i]), &automatic, expected, 6);
        vae_dataset dataset = read_rows(idx_path("a.arff"), &automatic);
        cr_assert_eq(dataset.column_names.count, 2);
        cr_expect_str_eq(vae_classes_name(&dataset.column_names, 0), "age");
        cr_expect_str_eq(vae_classes_name(&dataset.column_names, 1), "height");
        vae_dataset_free(&dataset);
    }
}

/* The first bytes, by which a format is recognised, hold nothing else, or a part of "@relation". */
Test(arff, below_pages_of_comment)
{
    static const char rest[] = "@relation r\n@attribute 'it\\'s % {x}' real\n@data\n2.5\n";
    const float expected[] = {2.5f};
    for (size_t comment = 490; comment < 530; ++comment) {
        char text[600];
        memset(text, '%', comment);
        snprintf(text + comment, sizeof text - comment, "\n%s", rest);
        expect_floats(write_text("a.arff", text), &automatic, expected, 1);
    }
    vae_dataset dataset = read_rows(idx_path("a.arff"), &automatic);
    cr_expect_str_eq(vae_classes_name(&dataset.column_names, 0), "it's % {x}");
    vae_dataset_free(&dataset);
}

Test(arff, of_other_things_is_refused_by_line_and_name)
{
#define TWO "@relation r\n@attribute age real\n@attribute height real\n"
    static const char *const cases[][2] = {
        {TWO "@attribute 'eye colour' {blue, brown}\n@data\n1,2,blue\n",
         "bad.arff:4:25: attribute 'eye colour' is nominal, but must be numeric, real or integer; leave it out, or"},
        {TWO "@attribute eyes{blue}\n@data\n", "bad.arff:4:16: attribute 'eyes' is nominal, but"},
        {TWO "@attribute born date 'yyyy'\n@data\n", "bad.arff:4:17: attribute 'born' is of type 'date', but"},
        {TWO "@attribute born\n@data\n", "bad.arff:4:16: attribute 'born' is without a type, but"},
        {TWO "@attribute 'born real\n@data\n", "bad.arff:4:12: a quoted name is never closed"},
        {TWO "@attribute 'born\\", "bad.arff:4:12: a quoted name is never closed"},
        {TWO "@data\n%\n1,2\n3,?\n", "bad.arff:7:3: column 'height' of row 2 is '?', but must be a number; leave"},
        {TWO "@data\n1,tall\n", "bad.arff:5:3: column 'height' of row 1 is 'tall', but must be a finite number"},
        {TWO "@data\n1,2\n\n3\n", "bad.arff:7:1: there are 1 columns, but 2 attributes are declared"},
        {TWO "@data\n1,2,{5}\n", "bad.arff:5:1: there are 3 columns, but 2 attributes are declared"},
        {TWO "@data\n{0 1, 1 2}\n", "bad.arff:5:1: rows are sparse"},
        {TWO "@data\n% none\n", "bad.arff: holds no rows of numbers"},
        {TWO "% all\n", "bad.arff:5:1: ends before @data"},
        {TWO "1,2\n", "bad.arff:4:1: must be @relation, @attribute or @data"},
        {"@relation r\n@data\n1,2\n", "bad.arff:2:1: @data comes before any @attribute"},
    };
#undef TWO
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i)
        expect_failure(write_text("bad.arff", cases[i][0]), &automatic, VAE_ERROR_FORMAT, cases[i][1]);
}
