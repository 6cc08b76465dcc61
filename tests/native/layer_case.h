// A random layer in one direction: forward and, in training, backward.
#pragma once
#include "args.h"
#include "buffers.h"
#include "cells/declaration.h"
#include "check.h"

namespace drive {

using unrolled::Declaration;
using unrolled::Kernels;
using unrolled::LayerArgs;

template <class T>
class LayerCase {
 public:
  explicit LayerCase(uint64_t seed) : random_(seed), buffers_(random_) {
    sizes();
    input();
    parameters();
    states_and_masks();
    results();
    if (train_) gradients();
  }

  Numbers run(const Kernels& kernels, int arithmetic, int threads) {
    LayerArgs args = a_;
    unrolled::Indices indices;
    check_layer(args, indices, arithmetic, threads, false);
    kernels.layer_forward[arithmetic](args, threads);
    if (train_) {
      check_layer(args, indices, arithmetic, threads, true);
      kernels.layer_backward[arithmetic](args, threads);
    }
    return read(buffers_);
  }

 private:
  Random random_;
  Buffers buffers_;
  LayerArgs a_;
  const Declaration* cell_ = nullptr;
  int states_ = 1, vectors_ = 0;
  int64_t GH_ = 0, pairs_ = 0;
  bool train_ = true, norm_ = false, bias_ = true, map_ = false;

  int64_t size(int state) const { return state ? a_.H : a_.R; }
  bool zoneout() const { return a_.masks[0] || a_.zoneout[0] != 0; }
  Memory random_array(int64_t n) { return buffers_.template random_array<T>(n); }
  Memory maybe(int64_t n) { return random_.coin() ? random_array(n) : Memory{}; }

  void sizes() {
    const auto& cells = unrolled::declarations();
    a_.cell = int(random_.integer(0, int64_t(cells.size()) - 1));
    cell_ = &cells[std::size_t(a_.cell)];
    states_ = cell_->states.count();
    vectors_ = cell_->vectors.count();
    // With few rows and many units, threads split the units. Otherwise, sizes close to those of vectors and tiles.
    const bool few = random_.integer(0, 3) == 0;
    a_.T = random_.integer(1, 9);
    a_.B = few ? random_.integer(1, 3) : random_.integer(1, 60);
    a_.H = few ? random_.integer(96, 200) : random_.integer(1, 50);
    a_.I = random_.integer(0, 40);
    GH_ = cell_->gates * a_.H;
    pairs_ = a_.T * a_.B;
    train_ = random_.integer(0, 4) != 0;
    norm_ = random_.integer(0, 3) == 0;
    bias_ = random_.integer(0, 3) != 0;
    map_ = !cell_->reads_h && random_.integer(0, 3) == 0;
    a_.R = map_ ? random_.integer(1, 50) : a_.H;
    a_.nonlinearity = int(random_.integer(0, 3));
    a_.output_nonlinearity = map_ ? int(random_.integer(0, 3)) : 0;
    a_.reverse = random_.coin();
    if (random_.coin()) a_.lengths = buffers_.indices(a_.B, 1, a_.T);
    a_.checkpoint = train_ && random_.coin() ? random_.integer(1, a_.T) : 0;
  }

  void input() {
    if (random_.integer(0, 3) == 0) {
      a_.V = random_.integer(1, 20);
      a_.I = GH_;  // a row of the table is W x + b
      a_.tokens = buffers_.indices(pairs_, 0, a_.V - 1);
      a_.x = random_array(a_.V * a_.I);
      a_.x_time = a_.x_row = a_.I;
    } else {
      a_.x = random_array(pairs_ * a_.I);
      strides(a_.x_time, a_.x_row, a_.I);
    }
  }

  // Time first or batch first.
  void strides(int64_t& time, int64_t& row, int64_t size) {
    const bool time_first = random_.coin();
    time = time_first ? a_.B * size : size;
    row = time_first ? size : a_.T * size;
  }

  void parameters() {
    if (!a_.tokens) {
      a_.weight_ih = random_array(GH_ * a_.I);
      if (bias_) a_.bias_ih = random_array(GH_);
      if (norm_) a_.weight_ln_ih = random_array(GH_);
    }
    if (cell_->recurrent) {
      a_.weight_hh = buffers_.template random_array<T>(GH_ * a_.R, -0.1, 0.1);
      if (bias_) a_.bias_hh = random_array(GH_);
      if (norm_) a_.weight_ln_hh = random_array(GH_);
    }
    bool group_present = false;
    for (int k = 0; k < vectors_; ++k) {
      if (!k || cell_->vectors.entries[k].group != cell_->vectors.entries[k - 1].group) group_present = random_.coin();
      if (group_present) a_.vectors[k] = random_array(a_.H);
    }
    if (map_) a_.weight_out = buffers_.template random_array<T>(a_.R * a_.H, -0.1, 0.1);
    if (map_ && bias_) a_.bias_out = random_array(a_.R);
  }

  void states_and_masks() {
    for (int k = 0; k < states_; ++k) {
      a_.initial[k] = random_array(a_.B * size(k));
      if (random_.integer(0, 3) == 0) a_.zoneout[k] = random_.real(0.1, 0.9);
      else if (random_.integer(0, 2) == 0) a_.masks[k] = buffers_.template random_array<T>(pairs_ * size(k), 0, 1);
    }
    if (random_.coin()) a_.mask_candidate = buffers_.template random_array<T>(pairs_ * a_.H, 0, 2);
  }

  // Allocates the same results as backends/arguments.py.
  void results() {
    const auto stored = [&](int64_t size) { return buffers_.template result_array<T>(pairs_ * size); };
    a_.y = buffers_.template result_array<T>(pairs_ * a_.R, "y");
    a_.y_time = a_.B * a_.R;
    a_.y_row = a_.R;
    for (int k = 0; k < states_; ++k) a_.final[k] = buffers_.template result_array<T>(a_.B * size(k), "a final state");
    if (!train_) return;
    if (a_.checkpoint) {
      const int64_t segments = (a_.T + a_.checkpoint - 1) / a_.checkpoint;
      for (int k = 1; k < states_; ++k) a_.states[k] = buffers_.template result_array<T>(segments * a_.B * a_.H);
      return;
    }
    if (!cell_->gate_is_hidden || map_ || zoneout() || a_.mask_candidate) a_.gates = stored(GH_);
    for (int k = 1; k < states_; ++k) a_.states[k] = stored(a_.H);
    if (cell_->keeps_extra) a_.extra = stored(a_.H);
    if (a_.weight_ln_hh) a_.norms = stored(GH_ + 2);
    if (a_.weight_ln_ih) a_.input_norms = stored(GH_ + 1);
    if (map_) a_.hidden = stored(a_.H);
    if (map_ && zoneout()) a_.emitted = stored(a_.R);
  }

  void gradients() {
    a_.dy = maybe(pairs_ * a_.R);
    strides(a_.dy_time, a_.dy_row, a_.R);
    for (int k = 0; k < states_; ++k) a_.dfinal[k] = maybe(a_.B * size(k));
    const auto maybe_gradient = [&](auto& gradient, bool parameter_present, int64_t n, const char* name) {
      if (parameter_present && random_.integer(0, 4)) gradient = buffers_.template result_array<T>(n, name);
    };
    maybe_gradient(a_.dx, a_.x, a_.tokens ? a_.V * GH_ : pairs_ * a_.I, "dx");
    for (int k = 0; k < states_; ++k)
      maybe_gradient(a_.dinitial[k], a_.initial[k], a_.B * size(k), "the gradient of an initial state");
    maybe_gradient(a_.dweight_ih, a_.weight_ih, GH_ * a_.I, "dweight_ih");
    maybe_gradient(a_.dbias_ih, a_.bias_ih, GH_, "dbias_ih");
    maybe_gradient(a_.dweight_ln_ih, a_.weight_ln_ih, GH_, "dweight_ln_ih");
    maybe_gradient(a_.dweight_hh, a_.weight_hh, GH_ * a_.R, "dweight_hh");
    maybe_gradient(a_.dbias_hh, a_.bias_hh, GH_, "dbias_hh");
    maybe_gradient(a_.dweight_ln_hh, a_.weight_ln_hh, GH_, "dweight_ln_hh");
    for (int k = 0; k < vectors_; ++k) maybe_gradient(a_.dvectors[k], a_.vectors[k], a_.H, cell_->vectors.entries[k].name);
    maybe_gradient(a_.dweight_out, a_.weight_out, a_.R * a_.H, "dweight_out");
    maybe_gradient(a_.dbias_out, a_.bias_out, a_.R, "dbias_out");
  }
};

}  // namespace drive
