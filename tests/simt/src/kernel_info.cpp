// Reads ELF symbol tables: functions, to name kernels, and their static variables, which in device code are shared
// memory.
//
// __shared__ puts variables into a section of their own, but GCC ignores that in templates. So, shared memory is: what
// is in that section; any writable static variable of a kernel; and that of a function template in a .cu file.
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
    bool shared; // also if no kernel is found that it belongs to
};

struct Module {
    const void *base;
    std::map<uintptr_t, std::string> functions; // by address
    std::vector<NamedVariable> statics;         // writable static variables of functions
    std::vector<std::string> kernel_prefixes;   // of the symbols of known kernels' variables
    std::vector<SharedVariable> of_functions;   // shared ones without a known kernel
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

bool starts_with(const std::string &text, const std::string &prefix)
{
    return text.compare(0, prefix.size(), prefix) == 0;
}

bool ends_with(const std::string &text, const std::string &suffix)
{
    return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

std::string demangle(const std::string &symbol)
{
    int status = 0;
    std::unique_ptr<char, void (*)(void *)> name(abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status),
                                                 std::free);
    return status == 0 ? name.get() : symbol;
}

// The symbol table of an ELF file that is mapped into this process at `offset` from the addresses in it.
class SymbolTable
{
  public:
    SymbolTable(const std::vector<char> &file, uintptr_t offset)
        : file_(file), header_(*reinterpret_cast<const ElfW(Ehdr) *>(file.data())),
          sections_(reinterpret_cast<const ElfW(Shdr) *>(file.data() + header_.e_shoff)), offset_(offset)
    {
    }

    void read(Module *module) const
    {
        for (unsigned s = 0; s < header_.e_shnum; ++s)
            if (sections_[s].sh_type == SHT_SYMTAB) read_table(sections_[s], module);
    }

  private:
    const std::vector<char> &file_;
    const ElfW(Ehdr) & header_;
    const ElfW(Shdr) * sections_;
    uintptr_t offset_;

    void read_table(const ElfW(Shdr) & table, Module *module) const
    {
        const auto *symbols = reinterpret_cast<const ElfW(Sym) *>(file_.data() + table.sh_offset);
        const char *names = file_.data() + sections_[table.sh_link].sh_offset;
        std::string source; // of the local symbols that follow its own
        for (size_t i = 0; i < table.sh_size / sizeof *symbols; ++i) {
            const ElfW(Sym) &symbol = symbols[i];
            const unsigned type = ELF64_ST_TYPE(symbol.st_info);
            if (type == STT_FILE)
                source = names + symbol.st_name;
            else if (type == STT_FUNC && symbol.st_shndx != SHN_UNDEF)
                module->functions.emplace(offset_ + symbol.st_value, names + symbol.st_name);
            else if (type == STT_OBJECT && symbol.st_shndx != SHN_UNDEF && symbol.st_shndx < header_.e_shnum)
                read_variable(names + symbol.st_name, symbol, source, module);
        }
    }

    void read_variable(const std::string &name, const ElfW(Sym) & symbol, const std::string &source,
                       Module *module) const
    {
        const ElfW(Shdr) &section = sections_[symbol.st_shndx];
        if (!starts_with(name, "_ZZ") || (section.sh_flags & SHF_WRITE) == 0) return;
        const char *section_name = file_.data() + sections_[header_.e_shstrndx].sh_offset + section.sh_name;
        const bool local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
        const bool of_template = local && ends_with(source, ".cu") && demangle(name).find('<') != std::string::npos;
        module->statics.push_back({name,
                                   {reinterpret_cast<char *>(offset_ + symbol.st_value), symbol.st_size},
                                   of_template || std::strcmp(section_name, shared_section) == 0});
    }
};

void update_of_functions(Module *module)
{
    module->of_functions.clear();
    for (const NamedVariable &v : module->statics)
        if (v.shared && std::none_of(module->kernel_prefixes.begin(), module->kernel_prefixes.end(),
                                     [&](const std::string &prefix) { return starts_with(v.symbol, prefix); }))
            module->of_functions.push_back(v.variable);
}

size_t find_module(const Dl_info &info)
{
    for (size_t i = 0; i < modules().size(); ++i)
        if (modules()[i].base == info.dli_fbase) return i;
    Module module{info.dli_fbase, {}, {}, {}, {}};
    std::vector<char> file = read_file(info.dli_fname);
    if (file.size() < sizeof(ElfW(Ehdr)))
        file = read_file("/proc/self/exe"); // a relative name, and the process has moved
    const auto &header = *reinterpret_cast<const ElfW(Ehdr) *>(file.data());
    if (file.size() >= sizeof header && std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_shoff != 0) {
        const uintptr_t offset = header.e_type == ET_DYN ? reinterpret_cast<uintptr_t>(info.dli_fbase) : 0;
        SymbolTable(file, offset).read(&module);
        update_of_functions(&module);
    }
    modules().push_back(std::move(module));
    return modules().size() - 1;
}

// Mangled names of a function's static variables: _Z, then Z <function's encoding> E <variable>.
std::string prefix_of_variables(const std::string &function)
{
    if (starts_with(function, "_Z")) return "_ZZ" + function.substr(2) + "E";
    return "_ZZ" + std::to_string(function.size()) + function + "E";
}

KernelInfo read_kernel(const void *function)
{
    KernelInfo result{"(unknown)", 0, {}, 0, shared_memory_default};
    Dl_info info{};
    if (dladdr(function, &info) == 0) return result;
    result.module = find_module(info);
    Module &module = modules()[result.module];
    const auto symbol = module.functions.find(reinterpret_cast<uintptr_t>(function));
    if (symbol == module.functions.end()) return result;
    result.name = demangle(symbol->second);
    const std::string prefix = prefix_of_variables(symbol->second);
    for (const NamedVariable &v : module.statics)
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
    if (found == known->end()) found = known->emplace(function, read_kernel(function)).first;
    return found->second;
}

const std::vector<SharedVariable> &shared_variables_of_functions(size_t module)
{
    static const std::vector<SharedVariable> none;
    return module < modules().size() ? modules()[module].of_functions : none;
}
} // namespace simt
