/* Fills in the page's template: styles, scripts, the runs as JSON, and pictures and weights as blocks of Base64. */
#include "report/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vae/vae.h>

#include "core/file.h"
#include "draw/image.h"
#include "report/base64.h"
#include "report/page_decoder.h"
#include "report/page_files.h"
#include "report/page_json.h"
#include "train/picture.h"

#define MAX_PICTURE_BYTES ((size_t)256 << 20)

/* ---- Data ---- */

/* HTML ends a script at "</script" wherever that stands, so no "<" is left in the text. */
static int write_escaped(const char *text, size_t size, void *context)
{
    FILE *file = context;
    for (size_t i = 0; i < size; ++i) {
        if (text[i] == '<') {
            fputs("\\u003c", file);
        } else {
            fputc(text[i], file);
        }
    }
    return 0;
}

static vae_status write_json(FILE *file, const json_t *json)
{
    enum { DIGITS = 17 };
    fputs("<script type=\"application/json\" id=\"report\">", file);
    if (!json || json_dump_callback(json, write_escaped, file, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS))) {
        return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory, or a name is not valid UTF-8");
    }
    fputs("</script>\n", file);
    return VAE_OK;
}

static void open_block(FILE *file, int run, const char *name)
{
    fprintf(file, "<script type=\"text/plain\" id=\"run%d-%s\">", run, name);
}

static vae_status write_picture(FILE *file, const vae_page_run *run, int index, int64_t epoch, const char *kind)
{
    static const unsigned char signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    const vae_kind shown = run->checkpoint.design.input.kind;
    const bool png = strcmp(vae_picture_ending(shown), "png") == 0;
    char path[VAE_PATH_SIZE], name[64];
    void *data;
    size_t size;
    VAE_TRY(vae_picture_path(run->folder.pictures, shown, epoch, kind, path));
    VAE_TRY(vae_file_read(path, MAX_PICTURE_BYTES, &data, &size));
    vae_status status = VAE_OK;
    if (png && (size < sizeof signature || memcmp(data, signature, sizeof signature) != 0)) {
        status = vae_error_set(VAE_ERROR_FORMAT, "%s: is not a PNG picture", path);
    } else {
        snprintf(name, sizeof name, "%s-%lld", kind, (long long)epoch);
        open_block(file, index, name);
        vae_base64_print(file, data, size);
        fputs("</script>\n", file);
    }
    free(data);
    return status;
}

static vae_status write_pictures(FILE *file, const vae_page_run *run, int index)
{
    for (int64_t i = 0; i < run->picture_count; ++i) {
        const vae_page_picture *picture = &run->pictures[i];
        if (picture->samples) VAE_TRY(write_picture(file, run, index, picture->epoch, "samples"));
        if (picture->reconstructions) VAE_TRY(write_picture(file, run, index, picture->epoch, "reconstructions"));
    }
    return VAE_OK;
}

/* ---- The explorer's decoder: its program goes into the run's JSON, its weights into a block of their own ---- */

static vae_status write_weights(FILE *file, const vae_page_run *run, int index, const vae_program *program)
{
    const int64_t count = vae_page_decoder_weight_count(program);
    float *weights = malloc(((size_t)count + 1) * sizeof *weights);
    if (!weights) return vae_error_set(VAE_ERROR_MEMORY, "report: out of memory for the decoder's weights");
    const vae_checkpoint *c = &run->checkpoint;
    vae_page_decoder_weights(program, c->arenas[VAE_ARENA_PARAMETERS], c->dtype == VAE_FLOAT64, weights);
    open_block(file, index, "weights");
    vae_base64_print(file, weights, (size_t)count * sizeof *weights);
    fputs("</script>\n", file);
    free(weights);
    return VAE_OK;
}

static bool is_embedded(const vae_program *program, const vae_input *input, vae_page_explorer explorer)
{
    if (!vae_image_can_show(input->channels) || input->dtype != VAE_UINT8) return false;
    const int64_t bytes = vae_page_decoder_weight_count(program) * (int64_t)sizeof(float);
    if (explorer == VAE_PAGE_EXPLORER_AUTO) return bytes <= VAE_PAGE_WEIGHT_BYTES;
    return explorer == VAE_PAGE_EXPLORER_ALWAYS;
}

static json_t *explorer_note(const vae_program *program, const vae_input *input, vae_page_explorer explorer)
{
    char text[256];
    if (!vae_image_can_show(input->channels)) {
        snprintf(text, sizeof text, "Images of %lld channels cannot be shown.", (long long)input->channels);
    } else if (input->dtype != VAE_UINT8) {
        snprintf(text, sizeof text, "The data are numbers of any kind, which are not shown as images.");
    } else if (explorer == VAE_PAGE_EXPLORER_NEVER) {
        snprintf(text, sizeof text, "This report was written with --explorer never.");
    } else {
        const double bytes = 4.0 * (double)vae_page_decoder_weight_count(program);
        snprintf(text, sizeof text,
                 "The decoder's weights are %.1f MB, more than the %.1f MB that are embedded unless asked for: write "
                 "the report with --explorer always.",
                 bytes * 1e-6, (double)VAE_PAGE_WEIGHT_BYTES * 1e-6);
    }
    return json_pack("{s:s}", "note", text);
}

static vae_status write_decoder(FILE *file, const vae_page_run *run, int index, vae_page_explorer explorer,
                                json_t *json)
{
    const vae_checkpoint *c = &run->checkpoint;
    vae_program program;
    if (c->design.input.kind != VAE_KIND_IMAGE) {
        const char *note =
            "Sequences are made step by step, each step by what came before, which the explorer does not "
            "do: see vae-cuda interpolate and arithmetic.";
        json_object_set_new(json, "decoder", json_pack("{s:s}", "note", note));
        return VAE_OK;
    }
    VAE_TRY(vae_design_build(&c->design, (vae_build){.role = VAE_ROLE_DECODE, .rows = 1}, &program));
    vae_status status = VAE_OK;
    if (is_embedded(&program, &c->design.input, explorer)) {
        json_object_set_new(json, "decoder", vae_page_decoder(&program));
        status = write_weights(file, run, index, &program);
    } else {
        json_object_set_new(json, "decoder", explorer_note(&program, &c->design.input, explorer));
    }
    vae_program_free(&program);
    return status;
}

static vae_status write_run(FILE *file, const vae_page_run *run, int index, vae_page_explorer explorer, json_t *list)
{
    json_t *json = vae_page_run_json(run);
    if (!json || json_array_append_new(list, json)) {
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory, or a name is not valid UTF-8", run->folder.path);
    }
    VAE_TRY(write_pictures(file, run, index));
    return write_decoder(file, run, index, explorer, json);
}

static vae_status write_data(FILE *file, const vae_page_run *runs, int count, vae_page_explorer explorer)
{
    json_t *list = json_array();
    vae_status status = VAE_OK;
    for (int i = 0; i < count && !status; ++i)
        status = write_run(file, &runs[i], i, explorer, list);
    if (!status) {
        json_t *root =
            json_pack("{s:s, s:o, s:O}", "version", vae_version(), "fields", vae_page_fields_json(), "runs", list);
        status = write_json(file, root);
        json_decref(root);
    }
    json_decref(list);
    return status;
}

/* ---- The page ---- */

static const vae_page_file *find_file(const char *name)
{
    for (int i = 0; i < vae_page_file_count; ++i) {
        if (strcmp(vae_page_files[i].name, name) == 0) return &vae_page_files[i];
    }
    return NULL;
}

static void write_files(FILE *file, const char *suffix, const char *element)
{
    for (int i = 0; i < vae_page_file_count; ++i) {
        const vae_page_file *part = &vae_page_files[i];
        const char *dot = strrchr(part->name, '.');
        if (strcmp(dot, suffix) != 0) continue;
        fprintf(file, "<%s>\n", element);
        fwrite(part->data, 1, part->size, file);
        fprintf(file, "</%s>\n", element);
    }
}

/* The template up to `marker`, which is passed over; *at is where it goes on. */
static vae_status write_until(FILE *file, const vae_page_file *page, size_t *at, const char *marker)
{
    const char *start = (const char *)page->data + *at;
    const char *found = strstr(start, marker);
    if (!found) return vae_error_set(VAE_ERROR_FORMAT, "%s: lacks %s", page->name, marker);
    fwrite(start, 1, (size_t)(found - start), file);
    *at += (size_t)(found - start) + strlen(marker);
    return VAE_OK;
}

static vae_status write_page(FILE *file, const vae_page_run *runs, int count, vae_page_explorer explorer)
{
    const vae_page_file *page = find_file("page.html");
    size_t at = 0;
    VAE_TRY(write_until(file, page, &at, "<!-- style -->\n"));
    write_files(file, ".css", "style");
    VAE_TRY(write_until(file, page, &at, "<!-- data -->\n"));
    VAE_TRY(write_data(file, runs, count, explorer));
    VAE_TRY(write_until(file, page, &at, "<!-- scripts -->\n"));
    fputs("<script>\n", file);
    vae_page_decoder_functions(file);
    fputs("</script>\n", file);
    write_files(file, ".js", "script");
    fwrite(page->data + at, 1, page->size - at, file);
    return VAE_OK;
}

vae_status vae_page_write(const char *path, const vae_page_run *runs, int count, vae_page_explorer explorer)
{
    vae_file_stream *stream;
    VAE_TRY(vae_file_stream_open(path, &stream));
    const vae_status status = write_page(vae_file_stream_handle(stream), runs, count, explorer);
    if (!status) return vae_file_stream_commit(stream);
    vae_file_stream_abandon(stream);
    return status;
}
