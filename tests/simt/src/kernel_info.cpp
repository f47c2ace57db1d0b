// Reads ELF symbol tables: functions, to name kernels, and variables of the section that __shared__ puts them into.
#include "kernel_info.hpp"

#include "shared_memory.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

namespace simt
{
namespace
{
constexpr char shared_section[] = "simt_shared";

struct NamedVariable {
    std::string symbol;
    SharedVariable variable;
};

struct Module {
    const void *base;
    std::map<uintptr_t, std::string> functions; // by address
    std::vector<NamedVariable> shared;
    std::vector<std::string> kernel_prefixes;   // of the symbols of known kernels' variables
    std::vector<SharedVariable> of_functions;   // variables without a known kernel
};

std::vector<Module> &modules()
{
    static auto *const instance = new std::vector<Module>;
    return *instance;
}

std::vector<char> read_file(const char *path)
{
    std::ifstream file(path, std::ios::binary);
    return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

void read_symbols(const std::vector<char> &file, const ElfW(Ehdr) & header, uintptr_t offset, Module *module)
{
    const auto *sections = reinterpret_cast<const ElfW(Shdr) *>(file.data() + header.e_shoff);
    const char *section_names = file.data() + sections[header.e_shstrndx].sh_offset;
    for (unsigned s = 0; s < header.e_shnum; ++s) {
        if (sections[s].sh_type != SHT_SYMTAB)
            continue;
        const auto *symbols = reinterpret_cast<const ElfW(Sym) *>(file.data() + sections[s].sh_offset);
        const char *names = file.data() + sections[sections[s].sh_link].sh_offset;
        for (size_t i = 0; i < sections[s].sh_size / sizeof *symbols; ++i) {
            const ElfW(Sym) &symbol = symbols[i];
            if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF)
                module->functions.emplace(offset + symbol.st_value, names + symbol.st_name);
            else if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && symbol.st_shndx < header.e_shnum &&
                     std::strcmp(section_names + sections[symbol.st_shndx].sh_name, shared_section) == 0)
                module->shared.push_back(
                    {names + symbol.st_name, {reinterpret_cast<char *>(offset + symbol.st_value), symbol.st_size}});
        }
    }
}

bool starts_with(const std::string &text, const std::string &prefix)
{
    return text.compare(0, prefix.size(), prefix) == 0;
}

void update_of_functions(Module *module)
{
    module->of_functions.clear();
    for (const NamedVariable &v : module->shared)
        if (std::none_of(module->kernel_prefixes.begin(), module->kernel_prefixes.end(),
                         [&](const std::string &prefix) { return starts_with(v.symbol, prefix); }))
            module->of_functions.push_back(v.variable);
}

size_t find_module(const Dl_info &info)
{
    for (size_t i = 0; i < modules().size(); ++i)
        if (modules()[i].base == info.dli_fbase)
            return i;
    Module module{info.dli_fbase, {}, {}, {}, {}};
    std::vector<char> file = read_file(info.dli_fname);
    if (file.size() < sizeof(ElfW(Ehdr)))
        file = read_file("/proc/self/exe"); // a relative name, and the process has moved
    const auto &header = *reinterpret_cast<const ElfW(Ehdr) *>(file.data());
    if (file.size() >= sizeof header && std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shoff != 0) {
        const uintptr_t offset = header.e_type == ET_DYN ? reinterpret_cast<uintptr_t>(info.dli_fbase) : 0;
        read_symbols(file, header, offset, &module);
        update_of_functions(&module);
    }
    modules().push_back(std::move(module));
    return modules().size() - 1;
}

std::string demangle(const std::string &symbol)
{
    int status = 0;
    std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                 std::free);
    return status == 0 ? name.get() : symbol;
}

// Mangled names of a function's static variables: _Z, then Z <function's encoding> E <variable>.
std::string prefix_of_variables(const std::string &function)
{
    if (starts_with(function, "_Z"))
        return "_ZZ" + function.substr(2) + "E";
    return "_ZZ" + std::to_string(function.size()) + function + "E";
}

KernelInfo read_kernel(const void *function)
{
    KernelInfo result{"(unknown)", 0, {}, 0, shared_memory_default};
    Dl_info info{};
    if (dladdr(function, &info) == 0)
        return result;
    result.module = find_module(info);
    Module &module = modules()[result.module];
    const auto symbol = module.functions.find(reinterpret_cast<uintptr_t>(function));
    if (symbol == module.functions.end())
        return result;
    result.name = demangle(symbol->second);
    const std::string prefix = prefix_of_variables(symbol->second);
    for (const NamedVariable &v : module.shared)
        if (starts_with(v.symbol, prefix)) {
            result.own.push_back(v.variable);
            result.static_shared_bytes += v.variable.bytes;
        }
    module.kernel_prefixes.push_back(prefix);
    update_of_functions(&module);
    return result;
}
} // namespace

KernelInfo &kernel_info(const void *function)
{
    static auto *const known = new std::map<const void *, KernelInfo>;
    auto found = known->find(function);
    if (found == known->end())
        found = known->emplace(function, read_kernel(function)).first;
    return found->second;
}

const std::vector<SharedVariable> &shared_variables_of_functions(size_t module)
{
    static const std::vector<SharedVariable> none;
    return module < modules().size() ? modules()[module].of_functions : none;
}
} // namespace simt
