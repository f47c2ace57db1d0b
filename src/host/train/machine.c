/* Gathers and writes what is known of the machine: program, device, processor, memory, system. */
#include "train/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vae/vae.h>

#include "core/json.h"
#include "core/memory.h"

/* The processor's name as Linux tells it; "unknown" elsewhere. */
static void find_processor(char *name, size_t size)
{
    snprintf(name, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) return;
    char line[512];
    while (fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(name, size, "%s", value + 1 + strspn(value + 1, " "));
        break;
    }
    fclose(file);
}

vae_status vae_machine_write(const char *path, vae_device *device, json_t *remarks)
{
    char processor[512], program[64], place[512], system[256] = "unknown";
    struct utsname os;
    find_processor(processor, sizeof processor);
    snprintf(program, sizeof program, "vae-cuda %s", vae_version());
    snprintf(place, sizeof place, "%s: %s", device->backend->name, device->backend->device_describe(device));
    if (uname(&os) == 0) snprintf(system, sizeof system, "%.60s %.60s %.60s", os.sysname, os.release, os.machine);
    json_t *object =
        json_pack("{s:s, s:s, s:O, s:o, s:I, s:I, s:s}", "program", program, "device", place, "remarks", remarks,
                  "processor", vae_json_text(processor), "processors", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN),
                  "memory_bytes", (json_int_t)vae_memory_limit(), "system", system);
    const vae_status status = vae_json_write_soon(path, object);
    json_decref(object);
    return status;
}
