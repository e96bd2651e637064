import type { Backend } from '@connito/engine';
import type { Dump } from './dump.ts';
import { perLayer } from './per-layer.ts';
import type { Trainer } from './trainer.ts';
import { wholeGraph, wholeGraphWithOptimizer } from './whole-graph.ts';

export const VARIANTS = ['whole', 'whole-adamw', 'layers-keep', 'layers-recompute'] as const;
export type Variant = (typeof VARIANTS)[number];

export function isVariant(name: string | undefined): name is Variant {
  return VARIANTS.some((variant) => variant === name);
}

export function createTrainer(variant: Variant, dump: Dump, backend: Backend): Promise<Trainer> {
  switch (variant) {
    case 'whole':
      return wholeGraph(dump, backend);
    case 'whole-adamw':
      return wholeGraphWithOptimizer(dump, backend);
    case 'layers-keep':
      return perLayer(dump, backend, 'keep');
    case 'layers-recompute':
      return perLayer(dump, backend, 'recompute');
  }
}
