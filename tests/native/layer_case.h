// A random layer in one direction: forward, and backward where it trains.
#pragma once
#include "args.h"
#include "buffers.h"
#include "check.h"

namespace drive {

using unrolled::CellKind;
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
  CellKind cell_ = CellKind::elman;
  int64_t gates_ = 1, pairs_ = 0;
  bool train_ = true, norm_ = false, bias_ = true, map_ = false;

  bool has_c() const { return cell_ == CellKind::lstm; }
  Memory drawn(int64_t n) { return buffers_.template drawn<T>(n); }
  Memory maybe(int64_t n) { return random_.coin() ? drawn(n) : Memory{}; }

  void sizes() {
    cell_ = CellKind(random_.whole(0, 3));
    gates_ = cell_ == CellKind::elman ? 1 : has_c() ? 4 : 3;
    // Few rows and many units: threads share the units. Otherwise sizes around those of vectors and tiles.
    const bool few = random_.whole(0, 3) == 0;
    a_.T = random_.whole(1, 9);
    a_.B = few ? random_.whole(1, 3) : random_.whole(1, 60);
    a_.H = few ? random_.whole(96, 200) : random_.whole(1, 50);
    a_.I = random_.whole(0, 40);
    pairs_ = a_.T * a_.B;
    train_ = random_.whole(0, 4) != 0;
    norm_ = random_.whole(0, 3) == 0;
    bias_ = random_.whole(0, 3) != 0;
    map_ = (has_c() || cell_ == CellKind::elman) && random_.whole(0, 3) == 0;
    a_.R = map_ ? random_.whole(1, 50) : a_.H;
    a_.cell = int(cell_);
    a_.nonlinearity = cell_ == CellKind::elman ? int(random_.whole(0, 3)) : 1;
    a_.output_nonlinearity = map_ && !has_c() ? int(random_.whole(0, 3)) : 0;
    a_.reverse = random_.coin();
    if (random_.coin()) a_.lengths = buffers_.indices(a_.B, 1, a_.T);
    a_.checkpoint = train_ && random_.coin() ? random_.whole(1, a_.T) : 0;
  }

  void input() {
    if (random_.whole(0, 3) == 0) {
      a_.V = random_.whole(1, 20);
      a_.I = gates_ * a_.H;  // the row of a table is W x + b
      a_.tokens = buffers_.indices(pairs_, 0, a_.V - 1);
      a_.x = drawn(a_.V * a_.I);
      a_.x_time = a_.x_row = a_.I;
    } else {
      a_.x = drawn(pairs_ * a_.I);
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
    const int64_t GH = gates_ * a_.H;
    if (!a_.tokens) {
      a_.weight_ih = drawn(GH * a_.I);
      if (bias_) a_.bias_ih = drawn(GH);
      if (norm_) a_.weight_ln_ih = drawn(GH);
    }
    a_.weight_hh = buffers_.template drawn<T>(GH * a_.R, -0.1, 0.1);
    if (bias_) a_.bias_hh = drawn(GH);
    if (norm_) a_.weight_ln_hh = drawn(GH);
    if (has_c() && random_.coin()) {
      a_.peephole_i = drawn(a_.H);
      a_.peephole_f = drawn(a_.H);
      a_.peephole_o = drawn(a_.H);
    }
    if (has_c() && norm_) {
      a_.weight_ln_c = drawn(a_.H);
      a_.bias_ln_c = drawn(a_.H);
    }
    if (map_) a_.weight_out = buffers_.template drawn<T>(a_.R * a_.H, -0.1, 0.1);
    if (map_ && !has_c() && bias_) a_.bias_out = drawn(a_.R);
  }

  void states_and_masks() {
    a_.h0 = drawn(a_.B * a_.R);
    if (has_c()) a_.c0 = drawn(a_.B * a_.H);
    if (random_.coin()) a_.zoneout_h = random_.coin() ? random_.real(0.1, 0.9) : 0;
    else if (random_.coin()) a_.mask_h = buffers_.template drawn<T>(pairs_ * a_.R, 0, 1);
    if (has_c() && random_.coin()) a_.zoneout_c = random_.real(0.1, 0.9);
    else if (has_c() && random_.coin()) a_.mask_c = buffers_.template drawn<T>(pairs_ * a_.H, 0, 1);
    if (random_.coin()) a_.mask_candidate = buffers_.template drawn<T>(pairs_ * a_.H, 0, 2);
  }

  // What backends/arguments.py allocates.
  void results() {
    const int64_t GH = gates_ * a_.H;
    const auto kept = [&](int64_t size) { return buffers_.template blank<T>(pairs_ * size); };
    a_.y = buffers_.template blank<T>(pairs_ * a_.R, "y");
    a_.y_time = a_.B * a_.R;
    a_.y_row = a_.R;
    a_.h_n = buffers_.template blank<T>(a_.B * a_.R, "h_n");
    if (has_c()) a_.c_n = buffers_.template blank<T>(a_.B * a_.H, "c_n");
    if (!train_) return;
    if (a_.checkpoint) {
      const int64_t segments = (a_.T + a_.checkpoint - 1) / a_.checkpoint;
      if (has_c()) a_.cells = buffers_.template blank<T>(segments * a_.B * a_.H);
      return;
    }
    const bool zoneout = a_.mask_h || a_.zoneout_h != 0;
    if (cell_ != CellKind::elman || map_ || zoneout || a_.mask_candidate) a_.gates = kept(GH);
    if (has_c()) a_.cells = kept(a_.H);
    if (cell_ == CellKind::gru_after) a_.extra = kept(a_.H);
    if (a_.weight_ln_hh) a_.norms = kept(GH + 2);
    if (a_.weight_ln_ih) a_.input_norms = kept(GH + 1);
    if (map_) a_.hidden = kept(a_.H);
    if (map_ && zoneout) a_.emitted = kept(a_.R);
  }

  void gradients() {
    const int64_t GH = gates_ * a_.H;
    a_.dy = maybe(pairs_ * a_.R);
    strides(a_.dy_time, a_.dy_row, a_.R);
    a_.dh_n = maybe(a_.B * a_.R);
    if (has_c()) a_.dc_n = maybe(a_.B * a_.H);
    const auto wanted = [&](auto& gradient, bool of, int64_t n, const char* name) {
      if (of && random_.whole(0, 4)) gradient = buffers_.template blank<T>(n, name);
    };
    wanted(a_.dx, a_.x, a_.tokens ? a_.V * GH : pairs_ * a_.I, "dx");
    wanted(a_.dh0, a_.h0, a_.B * a_.R, "dh0");
    wanted(a_.dc0, a_.c0, a_.B * a_.H, "dc0");
    wanted(a_.dweight_ih, a_.weight_ih, GH * a_.I, "dweight_ih");
    wanted(a_.dbias_ih, a_.bias_ih, GH, "dbias_ih");
    wanted(a_.dweight_ln_ih, a_.weight_ln_ih, GH, "dweight_ln_ih");
    wanted(a_.dweight_hh, a_.weight_hh, GH * a_.R, "dweight_hh");
    wanted(a_.dbias_hh, a_.bias_hh, GH, "dbias_hh");
    wanted(a_.dweight_ln_hh, a_.weight_ln_hh, GH, "dweight_ln_hh");
    wanted(a_.dpeephole_i, a_.peephole_i, a_.H, "dpeephole_i");
    wanted(a_.dpeephole_f, a_.peephole_f, a_.H, "dpeephole_f");
    wanted(a_.dpeephole_o, a_.peephole_o, a_.H, "dpeephole_o");
    wanted(a_.dweight_ln_c, a_.weight_ln_c, a_.H, "dweight_ln_c");
    wanted(a_.dbias_ln_c, a_.bias_ln_c, a_.H, "dbias_ln_c");
    wanted(a_.dweight_out, a_.weight_out, a_.R * a_.H, "dweight_out");
    wanted(a_.dbias_out, a_.bias_out, a_.R, "dbias_out");
  }
};

}  // namespace drive
