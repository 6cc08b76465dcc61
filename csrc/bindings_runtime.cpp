// Python bindings of the runtime. Arrays are numpy's, C-contiguous; unrolled/runtime/engine.py converts what users
// give. Every size is checked here again.
#include "bindings_runtime.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "runtime/bandwidth.h"
#include "runtime/dispatch.h"
#include "runtime/errors.h"
#include "runtime/lower.h"
#include "runtime/stream.h"

namespace nb = nanobind;
using namespace unrolled::runtime;

namespace {

using Floats = nb::ndarray<const float, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using FloatsOut = nb::ndarray<float, nb::c_contig, nb::device::cpu>;
using Ids = nb::ndarray<const int64_t, nb::c_contig, nb::device::cpu>;
using IdsOut = nb::ndarray<int64_t, nb::c_contig, nb::device::cpu>;

using OperationTuple =
    std::tuple<std::string, long, std::vector<int>, std::string, std::string, std::string, long, double>;
using StateTuple = std::tuple<std::string, long, int, double>;
using NamedTuple = std::tuple<std::string, long>;

std::vector<Named> named(const std::vector<NamedTuple>& list) {
  std::vector<Named> result;
  for (const auto& [name, number] : list) result.push_back({name, number});
  return result;
}

std::shared_ptr<Engine> make_engine(const std::vector<OperationTuple>& operations,
                                    const std::vector<StateTuple>& states, const std::vector<NamedTuple>& outputs,
                                    const std::vector<NamedTuple>& inputs, const std::vector<NamedTuple>& tokens,
                                    const std::map<std::string, Floats>& parameters, int precision,
                                    const std::string& kernels) {
  if (precision < 0 || precision >= precisions) throw ConfigError("the runtime has no such precision");
  Program program;
  for (const auto& [name, size, operands, key, weight, bias, begin, value] : operations)
    program.operations.push_back({find_operation(name), size, operands, key, weight, bias, begin, float(value)});
  for (const auto& [name, size, result, initial] : states)
    program.states.push_back({name, size, result, float(initial)});
  program.outputs = named(outputs);
  program.inputs = named(inputs);
  program.tokens = named(tokens);
  for (const auto& [name, array] : parameters) {
    Parameter parameter{{}, array.data()};
    for (std::size_t axis = 0; axis < array.ndim(); ++axis) parameter.shape.push_back(long(array.shape(axis)));
    program.parameters.emplace(name, std::move(parameter));
  }
  const Kernels& chosen = find_kernels(kernels);
  nb::gil_scoped_release release;
  return std::make_shared<Engine>(std::move(program), Precision(precision), chosen);
}

std::string shape_text(const std::vector<long>& shape) {
  std::string text = "(";
  for (long size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + (shape.size() == 1 ? ",)" : ")");
}

template <class Array>
void require_shape(const Array& array, const std::string& name, const std::vector<long>& shape) {
  std::vector<long> actual;
  for (std::size_t axis = 0; axis < array.ndim(); ++axis) actual.push_back(long(array.shape(axis)));
  if (actual != shape)
    throw ShapeError(name + ": has shape " + shape_text(actual) + ", expected " + shape_text(shape));
}

// Pointers to the arrays, in the order of the program. Every name must be there, and no other.
template <class Array>
auto in_order(const std::map<std::string, Array>& arrays, const std::vector<Named>& known, const std::string& kind,
              std::vector<long> shape, bool with_size) {
  std::vector<decltype(std::declval<const Array&>().data())> pointers;
  for (const auto& [name, array] : arrays)
    if (index_of(known, name) < 0) throw ShapeError("the program has no " + kind + " '" + name + "'");
  for (const Named& item : known) {
    const auto found = arrays.find(item.name);
    if (found == arrays.end()) throw ShapeError(kind + " '" + item.name + "' is missing");
    std::vector<long> expected = shape;
    if (with_size) expected.push_back(item.number);
    require_shape(found->second, kind + " '" + item.name + "'", expected);
    pointers.push_back(found->second.data());
  }
  return pointers;
}

// Multiply-adds from which a call releases the interpreter lock: some 20 microseconds.
constexpr double long_call = 1 << 20;
// Multiply-adds between two looks for Ctrl-C: some 0.1 seconds.
constexpr double between_polls = double(1l << 32);

double work_of_step(const Stream& s) { return double(s.engine().multiply_adds() + 1000) * double(s.rows()); }

// Raise KeyboardInterrupt if the user asked for it.
void check_signals() {
  nb::gil_scoped_acquire acquire;
  if (PyErr_CheckSignals()) throw nb::python_error();
}
Poll poll(const Stream& s) { return {check_signals, 1 + long(between_polls / (1 + work_of_step(s)))}; }

struct ReleaseIfLong {
  ReleaseIfLong(const Stream& s, long steps) {
    if (work_of_step(s) * double(steps) >= long_call) state = PyEval_SaveThread();
  }
  ~ReleaseIfLong() {
    if (state) PyEval_RestoreThread(state);
  }
  PyThreadState* state = nullptr;
};

void run(Stream& s, long steps, const std::map<std::string, Floats>& inputs, const std::map<std::string, Ids>& tokens,
         const std::map<std::string, FloatsOut>& outputs, const nb::object& lengths) {
  Stream::Use use(s);
  if (steps < 0) throw ShapeError("the number of steps is negative");
  const Program& program = s.engine().program();
  Run r;
  r.steps = steps;
  r.inputs.inputs = in_order(inputs, program.inputs, "input", {steps, s.rows()}, true);
  r.inputs.tokens = in_order(tokens, program.tokens, "token", {steps, s.rows()}, false);
  r.outputs.assign(program.outputs.size(), nullptr);
  for (const auto& [name, array] : outputs) {
    const int k = index_of(program.outputs, name);
    if (k < 0) throw ShapeError("the program has no output '" + name + "'");
    require_shape(array, "output '" + name + "'", {steps, s.rows(), s.output_size(k)});
    r.outputs[std::size_t(k)] = array.data();
  }
  Ids held;
  if (!lengths.is_none()) {
    held = nb::cast<Ids>(lengths);
    require_shape(held, "lengths", {s.rows()});
    r.lengths = held.data();
    for (long k = 0; k < s.rows(); ++k)
      if (r.lengths[k] < 0 || r.lengths[k] > steps)
        throw ShapeError("lengths: " + std::to_string(r.lengths[k]) + " is not between 0 and " + std::to_string(steps));
  }
  ReleaseIfLong release(s, steps);
  s.run(r, poll(s));
}

void step_token(Stream& s, int64_t token) {
  Stream::Use use(s);
  const Program& program = s.engine().program();
  if (s.rows() != 1 || program.tokens.size() != 1 || !program.inputs.empty())
    throw ShapeError("step_token needs a stream of one row, and a program with one token and no other inputs");
  ReleaseIfLong release(s, 1);
  s.step_token(token);
}

void step_vector(Stream& s, const Vector& input) {
  Stream::Use use(s);
  const Program& program = s.engine().program();
  if (s.rows() != 1 || program.inputs.size() != 1 || !program.tokens.empty())
    throw ShapeError("step_vector needs a stream of one row, and a program with one input and no tokens");
  require_shape(input, "input '" + program.inputs[0].name + "'", {program.inputs[0].number});
  ReleaseIfLong release(s, 1);
  s.step_vector(input.data());
}

int find(const std::vector<Named>& list, const std::string& kind, const std::string& name) {
  const int k = index_of(list, name);
  if (k < 0) throw ShapeError("the program has no " + kind + " '" + name + "'");
  return k;
}

// The outputs of the last step, (B, size), as a read-only view that the next step overwrites.
nb::ndarray<nb::numpy, const float> output_view(Stream& s, const std::string& name) {
  Stream::Use use(s);
  const int k = find(s.engine().program().outputs, "output", name);
  auto* memory = new std::shared_ptr<const Memory>(s.outputs());
  nb::capsule owner(memory, [](void* p) noexcept { delete static_cast<std::shared_ptr<const Memory>*>(p); });
  const std::size_t shape[2] = {std::size_t(s.rows()), std::size_t(s.output_size(k))};
  const int64_t strides[2] = {padded(s.output_size(k)), 1};
  return nb::ndarray<nb::numpy, const float>(s.output(k, 0), 2, shape, owner, strides);
}

int find_state(const Stream& s, const std::string& name) {
  const int k = index_of(s.engine().program().states, name);
  if (k < 0) throw ShapeError("the program has no state '" + name + "'");
  return k;
}

void read_state(Stream& s, const std::string& name, const FloatsOut& to) {
  Stream::Use use(s);
  const int k = find_state(s, name);
  const long size = s.state_size(k);
  require_shape(to, "state '" + name + "'", {s.rows(), size});
  for (long r = 0; r < s.rows(); ++r) std::memcpy(to.data() + r * size, s.state(k, r), std::size_t(size) * 4);
}

void write_state(Stream& s, const std::string& name, const Floats& from) {
  Stream::Use use(s);
  const int k = find_state(s, name);
  const long size = s.state_size(k);
  require_shape(from, "state '" + name + "'", {s.rows(), size});
  for (long r = 0; r < s.rows(); ++r) std::memcpy(s.state(k, r), from.data() + r * size, std::size_t(size) * 4);
  s.states_changed();
}

void write_output(Stream& s, const std::string& name, const Floats& from) {
  Stream::Use use(s);
  const int k = find(s.engine().program().outputs, "output", name);
  require_shape(from, "output '" + name + "'", {s.rows(), s.output_size(k)});
  s.write_output(k, from.data());
}

void reset(Stream& s, const std::vector<long>& rows) {
  Stream::Use use(s);
  for (long row : rows)
    if (row < 0 || row >= s.rows())
      throw ShapeError("row " + std::to_string(row) + " is not one of the " + std::to_string(s.rows()) + " rows");
  for (long row : rows) s.reset(row);
}

void extend(Stream& s, Stream& other) {
  Stream::Use use(s);
  std::optional<Stream::Use> second;
  if (&other != &s) second.emplace(other);
  s.extend(other);
}

long generate(Stream& s, const IdsOut& ids, const IdsOut& generated, const std::string& output,
              std::vector<long> count, std::vector<double> temperature, std::vector<long> top_k,
              std::vector<double> top_p, std::vector<int64_t> banned, int64_t stop, bool skip_broken) {
  Stream::Use use(s);
  Generation g{find(s.engine().program().outputs, "output", output), {std::move(count)}, {std::move(temperature)},
               {std::move(top_p)}, {std::move(top_k)}, std::move(banned), stop, ids.data(), generated.data(), skip_broken};
  require_shape(ids, "ids", {g.longest(), s.rows()});
  require_shape(generated, "generated", {s.rows()});
  ReleaseIfLong release(s, g.longest());
  return s.generate(g, poll(s));
}

void distribution(const Floats& logits, const nb::ndarray<double, nb::c_contig, nb::device::cpu>& p, double temperature,
                  long top_k, double top_p, std::vector<int64_t> banned, const std::string& kernels) {
  if (logits.ndim() != 1 || logits.shape(0) < 1) throw ShapeError("logits: must have one axis and at least one entry");
  const long size = long(logits.shape(0));
  require_shape(p, "p", {size});
  const Sampling options{temperature, top_k, top_p};
  check_sampling(options, "");
  Sampler sampler;
  sampler.prepare(find_kernels(kernels), size, std::move(banned));
  sampler.distribution(logits.data(), options, p.data());
}

// Translate the errors of the runtime to those of unrolled.errors with the same names.
void translate(const std::exception_ptr& thrown, void*) {
  const auto raise = [](const char* name, const std::exception& error) {
    const nb::object type = nb::module_::import_("unrolled.errors").attr(name);
    PyErr_SetString(type.ptr(), error.what());
  };
  try {
    std::rethrow_exception(thrown);
  } catch (const ShapeError& e) {
    raise("ShapeError", e);
  } catch (const ConfigError& e) {
    raise("ConfigError", e);
  } catch (const ProgramError& e) {
    raise("ProgramError", e);
  } catch (const NonFiniteError& e) {
    raise("NonFiniteError", e);
  } catch (const StreamError& e) {
    raise("StreamError", e);
  }
}

}  // namespace

void bind_runtime(nb::module_& m) {
  nb::register_exception_translator(translate);
  m.def("runtime_kernel_sets", [] {
    std::vector<std::string> names;
    for (const Kernels* k : usable_kernels()) names.emplace_back(k->name);
    return names;
  }, "Return the names of the runtime's kernels that this processor can run, fastest first.");
  m.def("runtime_operations", [] {
    return std::vector<std::string>(std::begin(operation_names), std::end(operation_names));
  }, "Return the names of the operations that the runtime knows.");
  m.def("sampling_distribution", &distribution, nb::arg("logits").noconvert(), nb::arg("p").noconvert(),
        nb::arg("temperature"), nb::arg("top_k"), nb::arg("top_p"), nb::arg("banned"), nb::arg("kernels"),
        "Write the probabilities of all tokens.");

  m.def("read_bandwidth", &read_bandwidth, nb::arg("bytes"), nb::arg("seconds"),
        nb::call_guard<nb::gil_scoped_release>(),
        "Return the bytes per second at which one core reads a block of memory again and again.");

  nb::class_<Engine> engine(m, "Engine");
  engine.def(nb::new_(&make_engine));
  engine.def_prop_ro("weight_bytes", &Engine::weight_bytes);
  engine.def_prop_ro("multiply_adds", &Engine::multiply_adds);
  engine.def_prop_ro("step_bytes", &Engine::step_bytes);
  engine.def_prop_ro("kernels", [](const Engine& e) { return std::string(e.kernels().name); });
  engine.def("stream", [](std::shared_ptr<Engine> e, long rows) { return std::make_shared<Stream>(std::move(e), rows); });

  nb::class_<Stream> stream(m, "Stream");
  stream.def_prop_ro("rows", &Stream::rows);
  stream.def_prop_ro("bytes", &Stream::bytes);
  // Without conversion: a converted array would be a copy, and results in it would be lost.
  stream.def("run", &run, nb::arg("steps"), nb::arg("inputs").noconvert(), nb::arg("tokens").noconvert(),
             nb::arg("outputs").noconvert(), nb::arg("lengths").none());
  stream.def("step_token", &step_token);
  stream.def("step_vector", &step_vector);
  stream.def("output_view", &output_view);
  stream.def("read_state", &read_state, nb::arg("name"), nb::arg("to").noconvert());
  stream.def("write_state", &write_state, nb::arg("name"), nb::arg("values").noconvert());
  stream.def("write_output", &write_output, nb::arg("name"), nb::arg("values").noconvert());
  stream.def("reset", &reset);
  stream.def("rearrange", [](Stream& s, const std::vector<long>& from) {
    Stream::Use use(s);
    s.rearrange(from);
  });
  stream.def("extend", &extend);
  stream.def("select", [](Stream& s, const std::vector<long>& rows) {
    Stream::Use use(s);
    return std::make_shared<Stream>(s, rows);
  });
  stream.def("copy", [](Stream& s) {
    Stream::Use use(s);
    return std::make_shared<Stream>(s);
  });
  stream.def("seed", [](Stream& s, const std::vector<uint64_t>& seeds) {
    Stream::Use use(s);
    s.seed(seeds);
  });
  stream.def("generate", &generate, nb::arg("ids").noconvert(), nb::arg("generated").noconvert(), nb::arg("output"),
             nb::arg("count"), nb::arg("temperature"), nb::arg("top_k"), nb::arg("top_p"), nb::arg("banned"),
             nb::arg("stop"), nb::arg("skip_broken") = false);
}
