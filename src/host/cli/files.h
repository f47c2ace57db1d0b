/* The files that a command reads and writes: looked at before anything is computed. */
#ifndef VAE_CLI_FILES_H
#define VAE_CLI_FILES_H

#include <stdbool.h>

#include "config/config.h"

/* What can be written where an option names a file, a bit each; the name's ending chooses, in capitals too. */
enum {
    VAE_FILE_READ = 0, /* it is read: a file, a folder, "file.npz:key", or several files separated by commas */
    VAE_FILE_PNG = 1,
    VAE_FILE_APNG = 2, /* .apng, or .png */
    VAE_FILE_NPY = 4,
    VAE_FILE_CSV = 8,
    VAE_FILE_HTML = 16,
    VAE_FILE_ONNX = 32,
    VAE_FILE_FIGURE = 64,  /* .png or .svg; else both, beginning with the name: see vae_plot_write() */
    VAE_FILE_FOLDER = 128, /* a name that ends in a slash, or a folder that is there: numbered pictures */
    VAE_FILE_LINES = 256,  /* .txt */
    VAE_FILE_SVG = 512,
    VAE_FILE_MIDI = 1024, /* .mid, .midi */
};

typedef struct vae_cli_file {
    const char *option; /* "--out", as messages name it */
    const char *path;   /* NULL: not given */
    unsigned kinds;
} vae_cli_file;

/* Whether the name ends as that of some kind of file that people write, so that it is not meant for a folder, or for
 * what names of files begin with. */
bool vae_cli_is_file_name(const char *path);
/* Which of the kinds the path is; 0: none. */
unsigned vae_cli_file_kind(const char *path, unsigned kinds);

/* VAE_ERROR_ARGUMENT if what is to be written has an ending that is not of its kinds, or cannot be written, is there
 * already without `force`, is the same file as another of these (also by another name of it), or a picture in a folder
 * that is read. */
vae_status vae_cli_check_files(const vae_cli_file *files, int count, bool force);
/* VAE_ERROR_ARGUMENT where pictures or an animation are named, for a model whose data are none; but for the path
 * `left_out`, which may be NULL. */
vae_status vae_cli_check_no_pictures(const vae_cli_file *files, int count, const char *left_out);
/* The same for what a run was trained on, which is to be kept even by --force. */
vae_status vae_cli_check_data_kept(const vae_cli_file *files, int count, const vae_config *config);

#endif
