/* Tables of attributes: both formats, what stands for "not known", and where a mistake is said to be. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "data/attributes.h"
#include "unit/temporary.h"

static char folder[64], path[96];

static void setup(void)
{
    temporary_make(folder);
    snprintf(path, sizeof path, "%s/a.csv", folder);
}

static void teardown(void)
{
    temporary_remove(folder);
}

TestSuite(attributes, .init = setup, .fini = teardown);

static void write_text(const char *text)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

/* As of a folder's pictures. */
static vae_status read_text(const char *text, vae_attribute_table *table)
{
    write_text(text);
    return vae_attribute_table_read(path, true, table);
}

/* names "a b", values "1 0 -1 …" row by row */
static void expect_table(const char *text, const char *names, int64_t rows, const int8_t *values)
{
    vae_attribute_table table;
    cr_assert_eq(read_text(text, &table), VAE_OK, "%s: %s", text, vae_error_message());
    char joined[256] = "";
    for (int64_t i = 0; i < table.count; ++i) {
        strcat(joined, i ? " " : "");
        strcat(joined, table.columns[i].name);
        cr_assert_eq(table.columns[i].kind, VAE_ATTRIBUTE_BINARY, "%s", text);
    }
    cr_expect_str_eq(joined, names);
    cr_assert_eq(table.rows.count, rows, "%s: %d rows", text, (int)table.rows.count);
    for (int64_t i = 0; i < rows * table.count; ++i) {
        const int8_t has = table.columns[i % table.count].has[i / table.count];
        cr_expect_eq(has, values[i], "%s: value %d is %d", text, (int)i, has);
    }
    vae_attribute_table_free(&table);
}

#define VALUES(...) ((const int8_t[]){__VA_ARGS__})

Test(attributes, csv)
{
    const int8_t *four = VALUES(1, 0, 0, 1);
    expect_table("image,male,glasses\nx/1.jpg,1,0\nx/2.jpg,0,1\n", "male glasses", 2, four);
    expect_table("male,glasses\r\n1,0\r\n0,1", "male glasses", 2, four);
    expect_table("\xEF\xBB\xBF,male,glasses\n0,1,0\n1,0,1\n", "male glasses", 2, four);
    expect_table("who,male,glasses\nann,1,0\nbob,0,1\n\n", "male glasses", 2, four);
    expect_table("index,male,glasses\n7,1,0\n8,0,1\n", "male glasses", 2, four);
    expect_table("File,\"male\" , glasses \n\"a,\"\"b\"\".jpg\",1,0\n\"\",0, 1\n", "male glasses", 2, four);
    expect_table("only\n1\n0\n", "only", 2, four);
    expect_table("male,glasses\n1.0,0.0\n-1.0,+1.00\n", "male glasses", 2, VALUES(1, 0, 0, 1));
    expect_table("a;b,c\n1,0\n", "a;b c", 1, four);
}

Test(attributes, minus_one_is_has_not_unless_there_are_zeros)
{
    expect_table("a,b,c\n1,-1,-1\n-1,0,1\n1,1,\n", "a b c", 3, VALUES(1, -1, 0, 0, 0, 1, 1, 1, -1));
}

Test(attributes, celeba)
{
    expect_table("2\nMale Young Eyeglasses\n000001.jpg -1  1  1\n000002.jpg  1 -1 -1\n", "Male Young Eyeglasses", 2,
                 VALUES(0, 1, 1, 1, 0, 0));
    expect_table("1\r\nMale Young \r\n000001.jpg -1  1 \r\n", "Male Young", 1, VALUES(0, 1));
}

static void expect_failure(const char *text, const char *words)
{
    vae_attribute_table table;
    cr_assert_eq(read_text(text, &table), VAE_ERROR_FORMAT, "%s", text);
    cr_expect_not_null(strstr(vae_error_message(), words), "'%s' lacks '%s'", vae_error_message(), words);
    cr_expect(table.count == 0 && !table.columns && table.keys.count == 0 && !table.rows.names);
}

Test(attributes, mistakes_say_where_they_are)
{
    expect_failure("image,a,b\nx,1,0\ny,1,two\n", "a.csv:3:5: 'two' of b is not one of 1, 0, -1, nor a number");
    expect_failure("image,a,b\nx,1,0\ny,1,nan\n", "a.csv:3:5: 'nan' of b is not one of 1, 0, -1, nor a number");
    expect_failure("image,a,b\nx,1,2\ny,1,two\n", "a.csv:3:5: 'two' of b is not a number, as those above are");
    expect_failure("image,a,b\nx,1,2\ny,1,inf\n", "a.csv:3:5: 'inf' of b is not a number, as those above are");
    expect_failure("image,a,b\nx,1,\ny,1,two\nz,1,1\n", "a.csv:4:5: '1' of b is a number, but those above are names");
    expect_failure("image,a,b\nx,1,0\n\ny,1\n", "a.csv:4:3: the line has only 1 values");
    expect_failure("image,a,b\nx\n", "a.csv:2:1: the line has only 0");
    expect_failure("a,b\n1,0,1\n", "a.csv:2:5: the line has more than 2");
    expect_failure("a,b,A\n1,0,1\n", "a.csv:1:5: an attribute is named twice");
    expect_failure("a,,b\n1,0,1\n", "a.csv:1:3: an attribute has no name");
    expect_failure("a,bc,\n1,0,\n", "a.csv:1:6: the header ends in a comma, so its last attribute has no name");
    expect_failure("male;smiling\n1;0\n", "a.csv:1:5: separated by ';'?");
    expect_failure("male\tsmiling\n1\t0\n", "a.csv:1:5: separated by tabs?");
    expect_failure("male,smiling\r1,0\r0,1\r", "a.csv:1:1: its lines end in CR alone");
    expect_failure("image\nx\n", "a.csv:1:1: the header names no attribute");
    expect_failure("a,b\n", "no line follows the header");
    expect_failure("", "there is no header");
    expect_failure("a,\"b\n1,0\n", "a.csv:1:3: a quoted field is never closed");
    expect_failure("3\nMale\nx 1\ny 1\n", "a.csv:1:1: announces 3 images, but 2 lines follow");
    expect_failure("1\nMale Young\nx 1 0.5\n", "a.csv:3:5: '0.5' of Young is not one of 1, 0, -1");
    vae_attribute_table table;
    cr_expect_eq(vae_attribute_table_read("/none/a.csv", true, &table), VAE_ERROR_CONFIG);
}

/* Numbers are known by one that is no mark, wherever it stands; those before it count as numbers too. */
Test(attributes, columns_of_numbers)
{
    static const char text[] = "image,age,n,glasses\nx,41.5,1,1\ny,,-1,0\nz,-1e3,,1\nw,0,1.0,-1\nv,7,2,1\n";
    static const double ages[] = {41.5, NAN, -1000, 0, 7}, counts[] = {1, -1, NAN, 1, 2};
    vae_attribute_table table;
    cr_assert_eq(read_text(text, &table), VAE_OK, "%s", vae_error_message());
    cr_assert_eq(table.count, 3);
    cr_assert_eq(table.columns[0].kind, VAE_ATTRIBUTE_NUMBER);
    cr_assert_eq(table.columns[1].kind, VAE_ATTRIBUTE_NUMBER);
    cr_assert_eq(table.columns[2].kind, VAE_ATTRIBUTE_BINARY);
    for (int i = 0; i < 5; ++i) {
        const double age = table.columns[0].numbers[i], count = table.columns[1].numbers[i];
        cr_expect(age == ages[i] || (isnan(age) && isnan(ages[i])), "age %d is %g", i, age);
        cr_expect(count == counts[i] || (isnan(count) && isnan(counts[i])), "count %d is %g", i, count);
    }
    cr_expect_eq(table.columns[2].has[3], -1);
    cr_expect(table.columns[2].has_minus);
    vae_attribute_table_free(&table);
}

Test(attributes, columns_of_names_are_classes)
{
    vae_attribute_table table;
    int64_t index, class;
    cr_assert_eq(read_text("image,colour,b\nx,,1\ny,red,0\nz,\"sky, blue\",1\nw,red,1\nv,猫,0\n", &table), VAE_OK, "%s",
                 vae_error_message());
    const vae_attribute *colour = &table.columns[0];
    cr_assert_eq(colour->kind, VAE_ATTRIBUTE_CLASS);
    cr_assert_eq(colour->classes.count, 3);
    cr_expect_arr_eq(colour->labels, ((const int32_t[]){-1, 0, 1, 0, 2}), 5 * sizeof(int32_t));
    cr_assert_eq(vae_attribute_table_find(&table, "Colour=sky, blue", &index, &class), VAE_OK, "%s",
                 vae_error_message());
    cr_expect(index == 0 && class == 1);
    cr_assert_eq(vae_attribute_table_find(&table, "colour", &index, &class), VAE_OK);
    cr_expect(index == 0 && class == -1);
    cr_expect_eq(vae_attribute_table_find(&table, "colour=rad", &index, &class), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "'colour' has no class 'rad'; did you mean 'red'?"), "%s",
                       vae_error_message());
    cr_expect_eq(vae_attribute_table_find(&table, "b=1", &index, &class), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "'b' has no classes"), "%s", vae_error_message());
    cr_expect_eq(vae_attribute_table_find(&table, "c=1", &index, &class), VAE_ERROR_ARGUMENT);
    vae_attribute_table_free(&table);
}

/* Images of arrays have no names that a first column could hold, unless its header says that it does. */
Test(attributes, of_images_without_names_may_come_first)
{
    static const struct {
        const char *text;
        int64_t count;
        vae_attribute_kind first;
    } cases[] = {
        {"colour,age\nred,41\nblue,7\n", 2, VAE_ATTRIBUTE_CLASS},
        {"colour\nred\nblue\n", 1, VAE_ATTRIBUTE_CLASS},
        {"age,tall\n41,1\n7,0\n", 2, VAE_ATTRIBUTE_NUMBER},
        {"tall,age\n1,41\n0,7\n", 2, VAE_ATTRIBUTE_BINARY},
        {"Images,colour\nb.png,red\na.png,blue\n", 1, VAE_ATTRIBUTE_CLASS},
        {",age\n0,41\n1,7\n", 1, VAE_ATTRIBUTE_NUMBER},
        {"2\ntall \n1.jpg 1\n2.jpg -1\n", 1, VAE_ATTRIBUTE_BINARY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        vae_attribute_table table;
        write_text(cases[i].text);
        cr_assert_eq(vae_attribute_table_read(path, false, &table), VAE_OK, "%s: %s", cases[i].text,
                     vae_error_message());
        cr_expect_eq(table.count, cases[i].count, "%s: %d", cases[i].text, (int)table.count);
        cr_expect_eq(table.columns[0].kind, cases[i].first, "%s", cases[i].text);
        cr_expect_eq(vae_attribute_table_match(&table, path, &(vae_dataset){.count = 2, .stored = 2}, 2), VAE_OK,
                     "%s: %s", cases[i].text, vae_error_message());
        vae_attribute_table_free(&table);
    }
}

Test(attributes, of_any_number)
{
    enum { MANY = 5000 };
    static char text[MANY * 16];
    size_t used = 0;
    for (int i = 0; i < MANY; ++i)
        used += (size_t)sprintf(text + used, "%sa%d", i ? "," : "", i);
    for (int i = 0; i < MANY; ++i)
        used += (size_t)sprintf(text + used, "%s%d", i ? "," : "\n", i % 2);
    vae_attribute_table table;
    int64_t index, class;
    cr_assert_eq(read_text(text, &table), VAE_OK, "%s", vae_error_message());
    cr_expect_eq(table.count, MANY);
    cr_assert_eq(vae_attribute_table_find(&table, "A4999", &index, &class), VAE_OK);
    cr_expect_eq(table.columns[index].has[0], 1);
    vae_attribute_table_free(&table);
}

Test(attributes, found_by_name_and_held_against_images)
{
    vae_attribute_table table;
    int64_t index, class;
    cr_assert_eq(read_text("image,male,glasses\nx,1,0\ny,0,1\n", &table), VAE_OK);
    cr_expect_eq(vae_attribute_table_find(&table, "Glasses", &index, &class), VAE_OK);
    cr_expect_eq(index, 1);
    cr_expect_eq(vae_attribute_table_find(&table, "glases", &index, &class), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "did you mean 'glasses'"), "%s", vae_error_message());
    cr_expect_eq(vae_attribute_table_match(&table, path, &(vae_dataset){.count = 1, .stored = 2}, 1), VAE_OK);
    cr_expect_eq(vae_attribute_table_match(&table, path, &(vae_dataset){.count = 1}, 1), VAE_OK);
    cr_expect_eq(vae_attribute_table_match(&table, path, &(vae_dataset){.count = 3}, 3), VAE_ERROR_FORMAT);
    cr_expect_eq(vae_attribute_table_match(&table, path, &(vae_dataset){.count = 2, .stored = 3}, 2), VAE_ERROR_FORMAT);
    cr_expect_not_null(strstr(vae_error_message(), "has 2 rows, but there are 3 images"), "%s", vae_error_message());
    vae_attribute_table_free(&table);
}

Test(attributes, names_have_an_end_and_are_listed)
{
    char text[300] = "image,";
    memset(text + 6, 'a', 255);
    strcpy(text + 261, "\nx,1\n");
    vae_attribute_table table;
    cr_expect_eq(read_text(text, &table), VAE_OK, "%s", vae_error_message());
    vae_attribute_table_free(&table);
    strcpy(text + 261, "a\nx,1\n");
    expect_failure(text, "a.csv:1:7: an attribute's name is longer than 255 bytes");
    int64_t index, class;
    cr_assert_eq(read_text("aa,bb,cc,dd,ee,ff,gg,hh,ii,jj,kk\n1,1,1,1,1,1,1,1,1,1,1\n", &table), VAE_OK);
    cr_expect_eq(vae_attribute_table_find(&table, "quite other", &index, &class), VAE_ERROR_ARGUMENT);
    cr_expect_not_null(strstr(vae_error_message(), "among 11: aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, ..."), "%s",
                       vae_error_message());
    vae_attribute_table_free(&table);
}
