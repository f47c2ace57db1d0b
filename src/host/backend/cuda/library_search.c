/* Finding CUDA's libraries: toolkits, Conda and pip each have places of their own, which the dynamic linker does not
 * know. */
#include "backend/cuda/library_search.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

/* A library stays when it is closed: else each opening of a GPU would map half a gigabyte anew. */
enum { MODE = RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE };

enum { MAX_FOLDERS = 64, FOLDER_SIZE = 512, PLACES_SIZE = 760 };

/* Folders to look in, in order; they may have wildcards. */
typedef struct folder_list {
    char folders[MAX_FOLDERS][FOLDER_SIZE];
    int count;
} folder_list;

static void add(folder_list *list, const char *root, const char *below)
{
    if (!root || !*root || list->count == MAX_FOLDERS) return;
    char *folder = list->folders[list->count];
    if (snprintf(folder, FOLDER_SIZE, "%s%s", root, below) >= FOLDER_SIZE) return;
    for (int i = 0; i < list->count; ++i) {
        if (strcmp(list->folders[i], folder) == 0) return;
    }
    ++list->count;
}

static void add_toolkit(folder_list *list, const char *root)
{
    add(list, root, "/lib64");
    add(list, root, "/targets/x86_64-linux/lib");
    add(list, root, "/lib");
}

/* NVIDIA's wheels: nvidia/cublas/lib for CUDA 12, nvidia/cu13/lib for 13. */
static void add_python(folder_list *list, const char *root)
{
    add(list, root, "/lib/python3*/{site,dist}-packages/nvidia/cu*/lib");
}

/* The installation of the program `python`, whose folder is <root>/bin. */
static void add_python_of(folder_list *list, char *python)
{
    for (int up = 0; up < 2; ++up) {
        char *slash = strrchr(python, '/');
        if (!slash) return;
        *slash = '\0';
    }
    add_python(list, python);
}

/* Every python3 in PATH, and, as that may be a virtual environment's link, the installation that it belongs to. */
static void add_pythons_in_path(folder_list *list)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        const size_t length = strcspn(path, ":");
        char python[PATH_MAX], whole[PATH_MAX];
        const int size = snprintf(python, sizeof python, "%.*s/python3", (int)length, path);
        path += length + (path[length] == ':');
        if (size >= PATH_MAX || !realpath(python, whole)) continue;
        add_python_of(list, python);
        add_python_of(list, whole);
    }
}

static void list_folders(folder_list *list, const char *build_folder)
{
    const char *conda = getenv("CONDA_PREFIX"), *home = getenv("HOME");
    add_toolkit(list, getenv("CUDA_HOME"));
    add_toolkit(list, getenv("CUDA_PATH"));
    add(list, build_folder, "");
    add_toolkit(list, "/usr/local/cuda*");
    add_toolkit(list, "/opt/cuda*");
    add_toolkit(list, conda);
    add_python(list, getenv("VIRTUAL_ENV"));
    add_python(list, conda);
    add_pythons_in_path(list);
    if (home && *home) {
        char local[PATH_MAX];
        if (snprintf(local, sizeof local, "%s/.local", home) < PATH_MAX) add_python(list, local);
    }
    add(list, "/usr/lib/python3", "/dist-packages/nvidia/cu*/lib");
}

/* Opens the first library of that name in a folder that may have wildcards. A file that cannot be loaded is noted. */
static void open_in(const char *folder, const char *name, void **library, char *reason, size_t size)
{
    char pattern[FOLDER_SIZE + 64];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/%s", folder, name);
    if (glob(pattern, GLOB_BRACE, NULL, &found)) return;
    for (size_t i = 0; i < found.gl_pathc && !*library; ++i) {
        *library = dlopen(found.gl_pathv[i], MODE);
        if (!*library) snprintf(reason, size, "%s", dlerror());
    }
    globfree(&found);
}

static vae_status not_found(const char *name, const folder_list *list, const char *reason)
{
    char places[PLACES_SIZE] = "";
    size_t length = 0;
    for (int i = 0; i < list->count && length < sizeof places; ++i)
        length += (size_t)snprintf(places + length, sizeof places - length, ", %s", list->folders[i]);
    if (*reason) return vae_error_set(VAE_ERROR_DEVICE, "%s cannot be loaded: %s", name, reason);
    return vae_error_set(VAE_ERROR_DEVICE, "there is no %s in LD_LIBRARY_PATH, the system's folders%s%s", name, places,
                         length < sizeof places ? "" : "…");
}

vae_status vae_cuda_library_open(const char *const *names, const char *build_folder, void **library)
{
    char reason[256] = "";
    *library = NULL;
    folder_list *list = calloc(1, sizeof *list);
    if (!list) return vae_error_set(VAE_ERROR_MEMORY, "%s: out of memory", names[0]);
    list_folders(list, build_folder);
    for (int n = 0; names[n] && !*library; ++n) {
        *library = dlopen(names[n], MODE);
        for (int i = 0; i < list->count && !*library; ++i)
            open_in(list->folders[i], names[n], library, reason, sizeof reason);
    }
    const vae_status status = *library ? VAE_OK : not_found(names[0], list, reason);
    free(list);
    return status;
}
