// Steps of bfloat16 and int8 products from operations that every instruction set has; see vector-inl.h.

// Two products a lane: the lower halves' and the upper ones', each exact in fp32 before it is added.
SENVEC_INLINE V Bf16Step(V sum, VI a, VI b) {
  sum += reinterpret_cast<V>(a << 16) * reinterpret_cast<V>(b << 16);
  return sum + reinterpret_cast<V>(a & static_cast<int>(0xffff0000)) * reinterpret_cast<V>(b & static_cast<int>(0xffff0000));
}
