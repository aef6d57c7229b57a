// The table of everything above; see vector-inl.h for how this file is included.

#define SENVEC_KERNEL_TABLE(isa_value)                                                                        \
  {                                                                                                           \
    .isa = isa_value, .dot = Dot, .squared_l2 = SquaredL2, .scale = Scale, .add = Add,                        \
    .layer_norm = LayerNorm, .gelu_erf = GeluErf, .gelu_erf_fast = GeluErfFast, .gelu_tanh = GeluTanh,        \
    .silu = Silu, .tanh = Tanh, .relu = Relu, .exp = ExpInPlace, .rotate_pairs = RotatePairs,                 \
    .attention_head = AttentionHead, .attention_head_bf16 = kAttentionHeadBf16,                               \
    .to_bf16 = RowToBf16, .quantize = QuantizeRow,                                                            \
    .gemm = {MakeGemm<Fp32Tile>(), MakeGemm<Bf16Tile>(), MakeGemm<Int8Tile>()}                                \
  }
