/* Text on a machine that has neither fonts nor a font configuration: a build that travels brings its own font, which is
 * opened by its path, past fontconfig. */
#include "draw/font.h"

#include <cairo-ft.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"

static const char bundled[] = "/../share/vae-cuda/fonts/DejaVuSans.ttf";

/* FreeType's side of a cairo font, which goes when cairo lets go of it. */
typedef struct opened_font {
    FT_Library library;
    FT_Face face;
} opened_font;

static void close_font(void *data)
{
    opened_font *font = data;
    if (font->face) FT_Done_Face(font->face);
    if (font->library) FT_Done_FreeType(font->library);
    free(font);
}

vae_status vae_font_select_file(cairo_t *context, const char *file)
{
    static const cairo_user_data_key_t key;
    opened_font *font = calloc(1, sizeof *font);
    if (!font) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", file);
    if (FT_Init_FreeType(&font->library) || FT_New_Face(font->library, file, 0, &font->face)) {
        close_font(font);
        return vae_error_set(VAE_ERROR_IO, "%s: cannot be read as a font", file);
    }
    cairo_font_face_t *face = cairo_ft_font_face_create_for_ft_face(font->face, 0);
    if (cairo_font_face_set_user_data(face, &key, font, close_font)) {
        cairo_font_face_destroy(face);
        close_font(font);
        return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", file);
    }
    cairo_set_font_face(context, face);
    cairo_font_face_destroy(face);
    return VAE_OK;
}

void vae_font_select(cairo_t *context)
{
    char path[PATH_MAX + sizeof bundled];
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    if (length > 0) {
        path[length] = '\0';
        char *slash = strrchr(path, '/');
        if (slash) {
            memcpy(slash, bundled, sizeof bundled);
            if (access(path, R_OK) == 0 && !vae_font_select_file(context, path)) return;
        }
    }
    cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
}
