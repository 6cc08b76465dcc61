// Two orders of the same step. Weights that do not fit the second-level cache are evicted before the next step reads
// them, if every step reads them in the same order. So steps alternate: one reads the weights in one order, the next
// one in the opposite order, and begins with what the step before has read last.
//
// The first layer of a network would prevent that: all others wait for its product with the old state, U h. But U h
// depends on no input, so each step computes it for the next one. It is carried as one more state, after those of the
// program.
//
//   even step:  U2 h2, W2 h1, …, next U1 h1      (matrices from their ends)
//   odd step:   next U1 h1, W2 h1, U2 h2, …
#pragma once
#include "runtime/program.h"

namespace unrolled::runtime {

struct Carrying {
  Program program;  // with the carried product as its last state; its operations may read later ones
  int state = -1;   // the state that is multiplied; -1: the program is unchanged, since it has no such product
};

Carrying carry_product(Program program);

enum Order : int { even, odd, orders };

// Return the program with its operations in the order of even or odd steps. A sum of two products may begin with
// either: it has the same bits.
Program arrange(const Carrying& carrying, Order order);

// Return a program that computes the carried product from the states, and changes no other state.
Program refresh_carried(const Carrying& carrying);

}  // namespace unrolled::runtime
