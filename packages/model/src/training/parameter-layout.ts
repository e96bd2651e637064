import { elementCount, type Tensor, tensor } from '@connito/engine';

/** Where each tensor stands in one flat array of single-precision numbers. */
export type ParameterLayout = {
  readonly entries: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly offset: number;
  }[];
  /** Number of elements in all. */
  readonly size: number;
};

/** Tensors one after the other in the given order. */
export function layoutOf(shapes: ReadonlyMap<string, readonly number[]>): ParameterLayout {
  const entries: { name: string; shape: readonly number[]; offset: number }[] = [];
  let size = 0;
  for (const [name, shape] of shapes) {
    entries.push({ name, shape, offset: size });
    size += elementCount(shape);
  }
  return { entries, size };
}

/** The tensors as views of `flat`. */
export function viewsOf(layout: ParameterLayout, flat: Float32Array): Map<string, Tensor> {
  const views = new Map<string, Tensor>();
  for (const { name, shape, offset } of layout.entries) {
    views.set(name, tensor(flat.subarray(offset, offset + elementCount(shape)), shape));
  }
  return views;
}
