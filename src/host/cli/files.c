/* Looks at what a command is to read and write, so that nothing is computed in vain and no input is lost. */
#include "cli/files.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "data/place.h"
#include "draw/plot.h"

/* ---- Kinds ---- */

typedef struct kind_row {
    unsigned kind;
    const char *endings[3];
    const char *text; /* in messages */
} kind_row;

static const kind_row kind_rows[] = {
    {VAE_FILE_PNG, {".png"}, "a picture (.png)"},
    {VAE_FILE_APNG, {".apng", ".png"}, "an animation, APNG (.apng or .png)"},
    {VAE_FILE_NPY, {".npy"}, "an array (.npy)"},
    {VAE_FILE_CSV, {".csv"}, "a table (.csv)"},
    {VAE_FILE_HTML, {".html", ".htm"}, "a page (.html)"},
    {VAE_FILE_ONNX, {".onnx"}, "a model (.onnx)"},
    {VAE_FILE_FIGURE, {".png", ".svg"}, "a figure (.png or .svg, or both: a name without ending)"},
    {VAE_FILE_LINES, {".txt"}, "a text (.txt)"},
    {VAE_FILE_SVG, {".svg"}, "a drawing (.svg)"},
    {VAE_FILE_MIDI, {".mid", ".midi"}, "music (.mid)"},
    {VAE_FILE_FOLDER, {NULL}, "a folder of files (a name that ends in /)"},
};
enum { KIND_ROWS = sizeof kind_rows / sizeof *kind_rows };

/* What else people write and would look for. */
static const char *const other_endings[] = {".jpg",  ".jpeg", ".gif", ".webp", ".bmp", ".tif",         ".tiff", ".pdf",
                                            ".eps",  ".ps",   ".npz", ".tsv",  ".pt",  ".pth",         ".pb",   ".zip",
                                            ".json", ".ckpt", ".mp4", ".avi",  ".tar", ".safetensors", NULL};

/* ".png" of "runs/a.b/x.png"; "" where the name has none. */
static const char *ending_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return dot && dot != name ? dot : "";
}

static bool is_one_of(const char *ending, const char *const *endings, int most)
{
    for (int i = 0; i < most && endings[i]; ++i) {
        if (strcasecmp(ending, endings[i]) == 0) return true;
    }
    return false;
}

static bool is_folder(const char *path)
{
    struct stat information;
    const size_t length = strlen(path);
    return (length > 0 && path[length - 1] == '/') || (!stat(path, &information) && S_ISDIR(information.st_mode));
}

bool vae_cli_is_file_name(const char *path)
{
    const char *ending = ending_of(path);
    if (is_folder(path)) return false;
    for (int i = 0; i < KIND_ROWS; ++i) {
        if (is_one_of(ending, kind_rows[i].endings, 3)) return true;
    }
    return is_one_of(ending, other_endings, INT_MAX);
}

unsigned vae_cli_file_kind(const char *path, unsigned kinds)
{
    const char *ending = ending_of(path);
    if (is_folder(path)) return kinds & VAE_FILE_FOLDER;
    for (int i = 0; i < KIND_ROWS; ++i) {
        if ((kinds & kind_rows[i].kind) && is_one_of(ending, kind_rows[i].endings, 3)) return kind_rows[i].kind;
    }
    return vae_cli_is_file_name(path) || !path[0] ? 0 : kinds & VAE_FILE_FIGURE;
}

enum { POSSIBLE_SIZE = 512 };

/* "an array (.npy), or a table (.csv)" */
static void list_kinds(unsigned kinds, char text[POSSIBLE_SIZE])
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < KIND_ROWS; ++i) {
        if (!(kinds & kind_rows[i].kind) || used >= POSSIBLE_SIZE) continue;
        used += (size_t)snprintf(text + used, POSSIBLE_SIZE - used, "%s%s", used ? ", or " : "", kind_rows[i].text);
    }
}

static vae_status wrong_kind(const vae_cli_file *file)
{
    char possible[POSSIBLE_SIZE];
    const char *ending = ending_of(file->path);
    if (strcmp(file->path, "-") == 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s -: nothing is written to standard output, as results appear whole or not at all; name "
                             "a file",
                             file->option);
    }
    list_kinds(file->kinds, possible);
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s: %s%s, but the output can be %s", file->option, file->path,
                         ending[0] ? "the name ends in " : "the name has no ending", ending, possible);
}

/* ---- The same file ---- */

/* The one name of a file that may not be there yet; false where not even its folder is. */
static bool canonical(const char *path, char whole[PATH_MAX])
{
    char folder[PATH_MAX];
    if (realpath(path, whole)) return true;
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        --length;
    size_t start = length;
    while (start > 0 && path[start - 1] != '/')
        --start;
    if (length >= sizeof folder || length == start) return false;
    snprintf(folder, sizeof folder, "%.*s", start > 0 ? (int)start : 1, start > 0 ? path : ".");
    if (!realpath(folder, whole)) return false;
    const size_t used = strlen(whole);
    const int written =
        snprintf(whole + used, PATH_MAX - used, "%s%.*s", used > 1 ? "/" : "", (int)(length - start), path + start);
    return written > 0 && (size_t)written < PATH_MAX - used;
}

static bool same_file(const char *one, const char *other)
{
    char a[PATH_MAX], b[PATH_MAX];
    struct stat first, second;
    if (!stat(one, &first) && !stat(other, &second)) {
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
    }
    return canonical(one, a) && canonical(other, b) && strcmp(a, b) == 0;
}

/* A picture there would be taken for data the next time. */
static bool is_below(const char *path, const char *folder)
{
    char a[PATH_MAX], b[PATH_MAX];
    if (!is_folder(folder) || !canonical(path, a) || !realpath(folder, b)) return false;
    const size_t length = strlen(b);
    return strncmp(a, b, length) == 0 && a[length] == '/';
}

static vae_status compare_with(const vae_cli_file *file, const char *path, const char *read, const char *what)
{
    const unsigned pictures = VAE_FILE_PNG | VAE_FILE_APNG | VAE_FILE_FIGURE | VAE_FILE_FOLDER;
    if (same_file(path, read)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %s: would replace %s, which is read (%s)", file->option, path,
                             read, what);
    }
    if ((vae_cli_file_kind(path, file->kinds) & pictures) && is_below(path, read)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: %s: would lie among the pictures of %s, which is read (%s); write it elsewhere",
                             file->option, path, read, what);
    }
    return VAE_OK;
}

/* Calls itself for the file of "file.npz:key", and for each of several that commas part. */
static vae_status compare_with_read(const vae_cli_file *file, const char *path, const char *read, const char *what)
{
    char part[PATH_MAX];
    if (vae_path_exists(read)) return compare_with(file, path, read, what);
    const char *colon = strrchr(read, ':');
    if (colon && (size_t)(colon - read) < sizeof part) {
        snprintf(part, sizeof part, "%.*s", (int)(colon - read), read);
        if (vae_path_exists(part)) return compare_with(file, path, part, what);
    }
    for (const char *at = strchr(read, ',') ? read : ""; *at; at += strspn(at, ",")) {
        const size_t length = strcspn(at, ",");
        if (length < sizeof part) {
            snprintf(part, sizeof part, "%.*s", (int)length, at);
            VAE_TRY(compare_with_read(file, path, part, what));
        }
        at += length;
    }
    return VAE_OK;
}

/* ---- One output ---- */

/* Cuts the last name off; what is left at the end is "." or "/". */
static void cut_last_name(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        --length;
    while (length > 0 && path[length - 1] != '/')
        --length;
    if (length == 0) path[length++] = '.';
    path[length] = '\0';
}

static bool has_numbered_pictures(const char *path)
{
    DIR *folder = opendir(path);
    bool found = false;
    for (const struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        const size_t digits = strspn(entry->d_name, "0123456789");
        const char *ending = entry->d_name + digits;
        found = digits > 0 && (strcasecmp(ending, ".png") == 0 || strcasecmp(ending, ".svg") == 0);
    }
    if (folder) closedir(folder);
    return found;
}

/* The folder need not be there: what is there of its path must be writable. */
static vae_status check_folder(const char *path, bool force)
{
    char above[PATH_MAX];
    struct stat information;
    snprintf(above, sizeof above, "%s", path);
    int failed = stat(above, &information);
    while (failed && errno == ENOENT) {
        cut_last_name(above);
        failed = stat(above, &information);
    }
    if (failed || access(above, W_OK | X_OK) != 0) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: cannot be written: %s: %s", path, above, strerror(errno));
    }
    if (!S_ISDIR(information.st_mode)) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: cannot be written: %s is not a folder", path, above);
    }
    if (force || !has_numbered_pictures(path)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT,
                         "%s: already holds numbered pictures; --force replaces those with the same number", path);
}

static vae_status check_file(const char *path, bool force)
{
    struct stat information;
    VAE_TRY(vae_path_check_output(path));
    if (!stat(path, &information) && !S_ISREG(information.st_mode)) {
        return vae_error_set(VAE_ERROR_ARGUMENT,
                             "%s: is not a regular file, but results appear whole or not at all; name another", path);
    }
    if (force || !vae_path_exists(path)) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "%s: already exists; --force replaces it", path);
}

/* The files that an option's name stands for, one or two. */
typedef struct targets {
    char paths[2][VAE_PLOT_PATH_SIZE];
    int count;
} targets;

static targets targets_of(const vae_cli_file *file)
{
    targets t = {.count = 1};
    if (file->kinds & VAE_FILE_FIGURE) {
        t.count = vae_plot_paths(file->path, t.paths);
    } else {
        snprintf(t.paths[0], sizeof t.paths[0], "%s", file->path);
    }
    return t;
}

static vae_status check_with_others(const vae_cli_file *files, int count, int index, const char *path)
{
    for (int i = 0; i < count; ++i) {
        const vae_cli_file *other = &files[i];
        if (i == index || !other->path) continue;
        if (other->kinds == VAE_FILE_READ) {
            VAE_TRY(compare_with_read(&files[index], path, other->path, other->option));
            continue;
        }
        const targets theirs = targets_of(other);
        for (int k = 0; k < theirs.count && i < index; ++k) {
            if (!same_file(path, theirs.paths[k])) continue;
            return vae_error_set(VAE_ERROR_ARGUMENT, "%s: is named as the output of two options, %s and %s", path,
                                 other->option, files[index].option);
        }
    }
    return VAE_OK;
}

static vae_status check_name(const vae_cli_file *file)
{
    if (strlen(file->path) + sizeof ".png" > VAE_PATH_SIZE) {
        return vae_error_set(VAE_ERROR_ARGUMENT, "%s: %.100s…: the name is too long", file->option, file->path);
    }
    if (vae_cli_file_kind(file->path, file->kinds)) return VAE_OK;
    return is_folder(file->path) ? vae_path_check_output(file->path) : wrong_kind(file);
}

static vae_status check_output(const vae_cli_file *files, int count, int index, bool force)
{
    const vae_cli_file *file = &files[index];
    const bool folder = vae_cli_file_kind(file->path, file->kinds) == VAE_FILE_FOLDER;
    const targets mine = targets_of(file);
    for (int k = 0; k < mine.count; ++k) {
        VAE_TRY(check_with_others(files, count, index, mine.paths[k]));
        VAE_TRY(folder ? check_folder(mine.paths[k], force) : check_file(mine.paths[k], force));
    }
    return VAE_OK;
}

static bool is_written(const vae_cli_file *file)
{
    return file->path && file->kinds != VAE_FILE_READ;
}

vae_status vae_cli_check_files(const vae_cli_file *files, int count, bool force)
{
    for (int i = 0; i < count; ++i) {
        if (is_written(&files[i])) VAE_TRY(check_name(&files[i]));
    }
    for (int i = 0; i < count; ++i) {
        if (is_written(&files[i])) VAE_TRY(check_output(files, count, i, force));
    }
    return VAE_OK;
}

static const char *find_array_option(const vae_cli_file *files, int count)
{
    for (int i = 0; i < count; ++i) {
        if (files[i].kinds & VAE_FILE_NPY) return files[i].option;
    }
    return NULL;
}

vae_status vae_cli_check_no_pictures(const vae_cli_file *files, int count, const char *left_out)
{
    const unsigned pictures = VAE_FILE_PNG | VAE_FILE_APNG | VAE_FILE_FOLDER;
    const char *other = find_array_option(files, count);
    char possible[POSSIBLE_SIZE], hint[POSSIBLE_SIZE + 32] = "";
    for (int i = 0; i < count; ++i) {
        if (!is_written(&files[i]) || files[i].path == left_out) continue;
        if (!(vae_cli_file_kind(files[i].path, files[i].kinds) & pictures)) continue;
        list_kinds(files[i].kinds & ~pictures, possible);
        if (possible[0]) {
            snprintf(hint, sizeof hint, "; the output can be %s", possible);
        } else if (other) {
            snprintf(hint, sizeof hint, "; %s FILE writes arrays", other);
        }
        return vae_error_set(
            VAE_ERROR_ARGUMENT,
            "%s: %s: the model's data are numbers of any kind, not images, so no pictures are drawn of them%s",
            files[i].option, files[i].path, hint);
    }
    return VAE_OK;
}

vae_status vae_cli_check_data_kept(const vae_cli_file *files, int count, const vae_config *config)
{
    const char *read[VAE_PLACE_PATHS];
    const int paths = vae_place_paths(config, read);
    for (int i = 0; i < count; ++i) {
        const targets mine = is_written(&files[i]) ? targets_of(&files[i]) : (targets){.count = 0};
        for (int k = 0; k < mine.count; ++k) {
            for (int r = 0; r < paths; ++r) {
                char found[VAE_PATH_SIZE], note[VAE_PLACE_NOTE];
                vae_place_find(config, read[r], found, note);
                VAE_TRY(compare_with_read(&files[i], mine.paths[k], found, "the run's data"));
            }
        }
    }
    return VAE_OK;
}
