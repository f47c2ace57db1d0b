/* Collects the fields of a column and tells marks, numbers and names apart. */
#include "data/attribute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/label_values.h"

enum { UNKNOWN = -1, MINUS = -2 }; /* MINUS: -1 as written, until its column is known */

static vae_status no_memory(void)
{
    return vae_error_set(VAE_ERROR_MEMORY, "out of memory for attributes");
}

/* ---- What a text is ---- */

/* Whether the text is that digit, maybe with decimals that are zeros, as pandas writes where values are missing. */
static bool is_digit(const char *text, char digit)
{
    if (text[0] != digit) return false;
    if (text[1] == '.') return text[2 + strspn(text + 2, "0")] == '\0';
    return text[1] == '\0';
}

static bool parse_mark(const char *text, int8_t *mark)
{
    const bool is_signed = text[0] == '+' || text[0] == '-';
    if (!text[0])
        *mark = UNKNOWN;
    else if (is_digit(text + is_signed, '1'))
        *mark = text[0] == '-' ? MINUS : 1;
    else if (is_digit(text + is_signed, '0'))
        *mark = 0;
    else
        return false;
    return true;
}

bool vae_attribute_is_mark(const char *text)
{
    int8_t mark;
    return parse_mark(text, &mark);
}

/* A finite number; NaN is a text like any other, so that it is refused beside numbers. */
static bool parse_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && !*end && isfinite(*number);
}

/* ---- Rows ---- */

static vae_status make_room(vae_attribute_draft *draft)
{
    if (draft->rows < draft->room) return VAE_OK;
    const int64_t larger = draft->room ? 2 * draft->room : 1024;
    if (draft->texts) {
        const char **texts = realloc(draft->texts, (size_t)larger * sizeof *texts);
        if (!texts) return no_memory();
        draft->texts = texts;
    } else {
        int8_t *marks = realloc(draft->marks, (size_t)larger);
        if (!marks) return no_memory();
        draft->marks = marks;
    }
    draft->room = larger;
    return VAE_OK;
}

/* From marks to texts. Numbers beside marks are numbers all; a name beside them is a mistake. */
static vae_status widen(vae_attribute_draft *draft, const char *text)
{
    bool known = false;
    double number;
    for (int64_t i = 0; i < draft->rows; ++i)
        known = known || draft->marks[i] != UNKNOWN;
    draft->numbers = parse_number(text, &number);
    if (known && !draft->numbers) return vae_error_set(VAE_ERROR_FORMAT, "is not one of 1, 0, -1, nor a number");
    draft->texts = malloc((size_t)draft->room * sizeof *draft->texts);
    if (!draft->texts) return no_memory();
    for (int64_t i = 0; i < draft->rows; ++i) {
        const int8_t mark = draft->marks[i];
        draft->texts[i] = mark == UNKNOWN ? "" : mark == MINUS ? "-1" : mark ? "1" : "0";
    }
    free(draft->marks);
    draft->marks = NULL;
    return VAE_OK;
}

vae_status vae_attribute_draft_add(vae_attribute_draft *draft, const char *text)
{
    double number;
    VAE_TRY(make_room(draft));
    if (!draft->texts) {
        if (parse_mark(text, &draft->marks[draft->rows])) {
            draft->rows++;
            return VAE_OK;
        }
        VAE_TRY(widen(draft, text));
    }
    if (text[0] && parse_number(text, &number) != draft->numbers) {
        return vae_error_set(VAE_ERROR_FORMAT, draft->numbers ? "is not a number, as those above are"
                                                              : "is a number, but those above are names");
    }
    draft->texts[draft->rows++] = text;
    return VAE_OK;
}

/* ---- The whole column ---- */

/* -1 is "not known" beside 0, else "does not have it". */
static void settle_marks(vae_attribute_draft *draft, vae_attribute *attribute)
{
    const bool zero = memchr(draft->marks, 0, (size_t)draft->rows) != NULL;
    for (int64_t i = 0; i < draft->rows; ++i) {
        attribute->has_minus = attribute->has_minus || draft->marks[i] == MINUS;
        if (draft->marks[i] == MINUS) draft->marks[i] = zero ? UNKNOWN : 0;
    }
    attribute->kind = VAE_ATTRIBUTE_BINARY;
    attribute->has = draft->marks;
    draft->marks = NULL;
}

static vae_status take_numbers(const vae_attribute_draft *draft, vae_attribute *attribute)
{
    attribute->kind = VAE_ATTRIBUTE_NUMBER;
    attribute->numbers = malloc((size_t)draft->rows * sizeof *attribute->numbers);
    if (!attribute->numbers) return no_memory();
    for (int64_t i = 0; i < draft->rows; ++i) {
        if (!parse_number(draft->texts[i], &attribute->numbers[i])) attribute->numbers[i] = NAN;
    }
    return VAE_OK;
}

vae_status vae_attribute_draft_finish(vae_attribute_draft *draft, vae_attribute *attribute)
{
    if (!draft->texts) {
        settle_marks(draft, attribute);
        return VAE_OK;
    }
    if (draft->numbers) return take_numbers(draft, attribute);
    attribute->kind = VAE_ATTRIBUTE_CLASS;
    attribute->labels = malloc((size_t)draft->rows * sizeof *attribute->labels);
    if (!attribute->labels) return no_memory();
    return vae_label_values_of_texts("attributes", draft->texts, draft->rows, attribute->labels, &attribute->classes);
}

void vae_attribute_draft_free(vae_attribute_draft *draft)
{
    free(draft->marks);
    free(draft->texts);
    *draft = (vae_attribute_draft){0};
}

void vae_attribute_free(vae_attribute *attribute)
{
    free(attribute->name);
    free(attribute->has);
    free(attribute->numbers);
    free(attribute->labels);
    vae_classes_free(&attribute->classes);
    *attribute = (vae_attribute){0};
}
