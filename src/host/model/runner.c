/* Builds programs, binds them to a store, and finds their ports. */
#include "model/runner.h"

vae_status vae_instance_reserve(const vae_instance *instance, const vae_build *builds, int count)
{
    int64_t largest = 0;
    for (int i = 0; i < count; ++i) {
        vae_program program;
        if (builds[i].rows == 0) continue;
        VAE_TRY(vae_design_build(instance->design, builds[i], &program));
        if (program.activation_elements > largest) largest = program.activation_elements;
        vae_program_free(&program);
    }
    return instance->device->backend->store_reserve(instance->store, largest);
}

vae_status vae_runner_create(vae_runner *runner, const vae_instance *instance, vae_build what, vae_data *data)
{
    const vae_backend *backend = instance->device->backend;
    *runner = (vae_runner){.backend = backend, .rows = what.rows};
    vae_status status = vae_design_build(instance->design, what, &runner->program);
    if (!status) {
        status =
            backend->executable_create(instance->device, &runner->program, instance->store, data, &runner->executable);
        if (status) vae_program_free(&runner->program);
    }
    if (status) *runner = (vae_runner){0};
    return status;
}

void vae_runner_destroy(vae_runner *runner)
{
    if (!runner->executable) return;
    runner->backend->executable_destroy(runner->executable);
    vae_program_free(&runner->program);
    *runner = (vae_runner){0};
}

int64_t vae_runner_columns(const vae_runner *runner, const char *port)
{
    const vae_tensor tensor = runner->executable ? vae_program_port(&runner->program, port) : VAE_NO_TENSOR;
    return tensor == VAE_NO_TENSOR ? 0 : vae_shape_columns(&runner->program.tensors[tensor].shape);
}

static vae_status find_port(const vae_runner *runner, const char *port, vae_tensor *tensor)
{
    *tensor = vae_program_port(&runner->program, port);
    if (*tensor != VAE_NO_TENSOR) return VAE_OK;
    return vae_error_set(VAE_ERROR_ARGUMENT, "program '%s' has no port '%s'", runner->program.name, port);
}

vae_status vae_runner_write(const vae_runner *runner, const char *port, const float *values)
{
    vae_tensor tensor;
    VAE_TRY(find_port(runner, port, &tensor));
    return runner->backend->tensor_write(runner->executable, tensor, VAE_FLOAT32, values);
}

vae_status vae_runner_run(const vae_runner *runner, const vae_step *step)
{
    return runner->backend->executable_run(runner->executable, step);
}

vae_status vae_runner_read(const vae_runner *runner, const char *port, float *values)
{
    vae_tensor tensor;
    VAE_TRY(find_port(runner, port, &tensor));
    return runner->backend->tensor_read(runner->executable, tensor, VAE_FLOAT32, values);
}
