import type { OpAttributes, OpName } from '../../graph/value.ts';
import { elementCount } from '../../tensor.ts';
import { broadcastStrides, combine, forEachIndex, type RefArray, refArray } from './array.ts';

type Kernel<Op extends OpName> = (
  attributes: OpAttributes[Op],
  inputs: readonly RefArray[],
) => readonly RefArray[];

const first = (inputs: readonly RefArray[]): RefArray => inputs[0]!;
const pair = (inputs: readonly RefArray[]): [RefArray, RefArray] => [inputs[0]!, inputs[1]!];
const map = (x: RefArray, f: (value: number) => number): RefArray[] => [refArray(x.shape, x.data.map(f))];

/** Calls `row` with each last-axis row of `x` and its offset. */
function forEachRow(x: RefArray, row: (values: Float64Array, offset: number) => void): void {
  const width = x.shape.at(-1)!;
  for (let offset = 0; offset < x.data.length; offset += width) {
    row(x.data.subarray(offset, offset + width), offset);
  }
}

function logSumExp(values: Float64Array): number {
  const max = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - max);
  return max + Math.log(sum);
}

function reduce(x: RefArray, axis: number, keepDims: boolean, scale: number): RefArray[] {
  const kept = x.shape.map((dim, i) => (i === axis ? 1 : dim));
  const result = refArray(kept);
  const strides = broadcastStrides(kept, x.shape);
  forEachIndex(x.shape, (linear, index) => {
    let at = 0;
    for (let i = 0; i < index.length; i++) at += index[i]! * strides[i]!;
    result.data[at] = result.data[at]! + x.data[linear]! * scale;
  });
  return [refArray(keepDims ? kept : kept.filter((_, i) => i !== axis), result.data)];
}

/** `[before, size, after]` of an axis: how many blocks, the axis, and how many elements within. */
function around(shape: readonly number[], axis: number): [number, number, number] {
  return [elementCount(shape.slice(0, axis)), shape[axis]!, elementCount(shape.slice(axis + 1))];
}

/** The plain definition of every operation, one loop each, in float64. Kept for ever: all other backends answer to it. */
export const kernels: { readonly [Op in Exclude<OpName, 'input'>]: Kernel<Op> } = {
  constant: ({ tensor }) => [refArray(tensor.shape, Float64Array.from(tensor.data, Number))],
  zeros: ({ shape }) => [refArray(shape)],
  add: (_, inputs) => [combine(...pair(inputs), (x, y) => x + y)],
  sub: (_, inputs) => [combine(...pair(inputs), (x, y) => x - y)],
  mul: (_, inputs) => [combine(...pair(inputs), (x, y) => x * y)],
  div: (_, inputs) => [combine(...pair(inputs), (x, y) => x / y)],
  exp: (_, inputs) => map(first(inputs), Math.exp),
  sqrt: (_, inputs) => map(first(inputs), Math.sqrt),
  sigmoid: (_, inputs) => map(first(inputs), (x) => 1 / (1 + Math.exp(-x))),
  silu: (_, inputs) => map(first(inputs), (x) => x / (1 + Math.exp(-x))),
  indicator: (_, inputs) => map(first(inputs), (x) => (x === 0 ? 0 : 1)),

  matmul: ({ transposeA, transposeB, alpha }, inputs) => {
    const [a, b] = pair(inputs);
    const [rowsA, columnsA] = a.shape.slice(-2) as [number, number];
    const [rowsB, columnsB] = b.shape.slice(-2) as [number, number];
    const [m, k] = transposeA ? [columnsA, rowsA] : [rowsA, columnsA];
    const n = transposeB ? rowsB : columnsB;
    const result = refArray([...a.shape.slice(0, -2), m, n]);
    const batches = elementCount(a.shape.slice(0, -2));
    for (let batch = 0; batch < batches; batch++) {
      const atA = batch * m * k;
      const atB = batch * k * n;
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) {
            const x = a.data[atA + (transposeA ? l * m + i : i * k + l)]!;
            const y = b.data[atB + (transposeB ? j * k + l : l * n + j)]!;
            sum += x * y;
          }
          result.data[batch * m * n + i * n + j] = alpha * sum;
        }
      }
    }
    return [result];
  },

  reduceSum: ({ axis, keepDims }, inputs) => reduce(first(inputs), axis, keepDims, 1),
  reduceMean: ({ axis, keepDims }, inputs) => {
    const x = first(inputs);
    return reduce(x, axis, keepDims, 1 / x.shape[axis]!);
  },
  expandLike: (_, inputs) => {
    const [x, like] = pair(inputs);
    return [combine(x, refArray(like.shape), (value) => value)];
  },

  softmax: (_, inputs) => {
    const x = first(inputs);
    const result = refArray(x.shape);
    forEachRow(x, (row, offset) => {
      const total = logSumExp(row);
      row.forEach((value, i) => {
        result.data[offset + i] = Math.exp(value - total);
      });
    });
    return [result];
  },
  reshape: ({ shape }, inputs) => {
    const x = first(inputs);
    const known = shape.reduce<number>((size, dim) => (typeof dim === 'number' ? size * dim : size), 1);
    return [
      refArray(
        shape.map((dim) => (typeof dim === 'number' ? dim : x.data.length / known)),
        x.data,
      ),
    ];
  },
  transpose: ({ permutation }, inputs) => {
    const x = first(inputs);
    const result = refArray(permutation.map((axis) => x.shape[axis]!));
    const strides = broadcastStrides(x.shape, x.shape);
    forEachIndex(result.shape, (linear, index) => {
      let at = 0;
      permutation.forEach((axis, i) => {
        at += index[i]! * strides[axis]!;
      });
      result.data[linear] = x.data[at]!;
    });
    return [result];
  },
  split: ({ axis, sizes }, inputs) => {
    const x = first(inputs);
    const [before, total, after] = around(x.shape, axis);
    let start = 0;
    return sizes.map((size) => {
      const part = refArray(x.shape.map((dim, i) => (i === axis ? size : dim)));
      for (let block = 0; block < before; block++) {
        const from = (block * total + start) * after;
        part.data.set(x.data.subarray(from, from + size * after), block * size * after);
      }
      start += size;
      return part;
    });
  },
  concat: ({ axis }, inputs) => {
    const total = inputs.reduce((sum, part) => sum + part.shape[axis]!, 0);
    const result = refArray(first(inputs).shape.map((dim, i) => (i === axis ? total : dim)));
    let start = 0;
    for (const part of inputs) {
      const [before, size, after] = around(part.shape, axis);
      for (let block = 0; block < before; block++) {
        const rows = part.data.subarray(block * size * after, (block + 1) * size * after);
        result.data.set(rows, (block * total + start) * after);
      }
      start += size;
    }
    return [result];
  },

  gatherRows: (_, inputs) => {
    const [x, index] = pair(inputs);
    const width = elementCount(x.shape.slice(1));
    const result = refArray([index.data.length, ...x.shape.slice(1)]);
    index.data.forEach((row, i) => {
      result.data.set(x.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return [result];
  },
  scatterAddRows: (_, inputs) => {
    const [base, index, rows] = inputs as readonly [RefArray, RefArray, RefArray];
    const width = elementCount(base.shape.slice(1));
    const result = refArray(base.shape, base.data.slice());
    index.data.forEach((row, i) => {
      for (let j = 0; j < width; j++) {
        result.data[row * width + j] = result.data[row * width + j]! + rows.data[i * width + j]!;
      }
    });
    return [result];
  },
  gatherAlong: (_, inputs) => {
    const [x, index] = pair(inputs);
    const width = x.shape.at(-1)!;
    const result = refArray(index.shape);
    forEachRow(index, (row, offset) => {
      const base = (offset / row.length) * width;
      row.forEach((column, j) => {
        result.data[offset + j] = x.data[base + column]!;
      });
    });
    return [result];
  },
  scatterAlong: ({ width }, inputs) => {
    const [updates, index] = pair(inputs);
    const result = refArray([...updates.shape.slice(0, -1), width]);
    forEachRow(index, (row, offset) => {
      const base = (offset / row.length) * width;
      row.forEach((column, j) => {
        result.data[base + column] = updates.data[offset + j]!;
      });
    });
    return [result];
  },
  topK: ({ k }, inputs) => {
    const x = first(inputs);
    const shape = [...x.shape.slice(0, -1), k];
    const [values, indices] = [refArray(shape), refArray(shape)];
    forEachRow(x, (row, offset) => {
      const order = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b);
      for (let j = 0; j < k; j++) {
        const at = (offset / row.length) * k + j;
        values.data[at] = row[order[j]!]!;
        indices.data[at] = order[j]!;
      }
    });
    return [values, indices];
  },
  nonZero: (_, inputs) => {
    const found: number[] = [];
    first(inputs).data.forEach((value, i) => {
      if (value !== 0) found.push(i);
    });
    return [refArray([found.length], Float64Array.from(found))];
  },

  rmsNormalize: ({ epsilon }, inputs) => {
    const x = first(inputs);
    const [normalized, inverse] = [refArray(x.shape), refArray([...x.shape.slice(0, -1), 1])];
    forEachRow(x, (row, offset) => {
      const meanSquare = row.reduce((sum, value) => sum + value * value, 0) / row.length;
      const r = 1 / Math.sqrt(meanSquare + epsilon);
      inverse.data[offset / row.length] = r;
      row.forEach((value, i) => {
        normalized.data[offset + i] = value * r;
      });
    });
    return [normalized, inverse];
  },
  rotary: ({ inverse }, inputs) => {
    const [x, cos, sin] = inputs as readonly [RefArray, RefArray, RefArray];
    const half = x.shape.at(-1)! / 2;
    const target = refArray([...x.shape.slice(0, -1), half]);
    const fullCos = combine(cos, target, (value) => value);
    const fullSin = combine(sin, target, (value) => (inverse ? -value : value));
    const result = refArray(x.shape);
    forEachRow(x, (row, offset) => {
      for (let i = 0; i < half; i++) {
        const [c, s] = [fullCos.data[offset / 2 + i]!, fullSin.data[offset / 2 + i]!];
        result.data[offset + i] = row[i]! * c - row[i + half]! * s;
        result.data[offset + half + i] = row[i + half]! * c + row[i]! * s;
      }
    });
    return [result];
  },
  crossEntropy: (_, inputs) => {
    const [logits, targets] = pair(inputs);
    const width = logits.shape.at(-1)!;
    const [losses, probabilities] = [refArray(targets.shape), refArray(logits.shape)];
    forEachRow(logits, (row, offset) => {
      const total = logSumExp(row);
      row.forEach((value, i) => {
        probabilities.data[offset + i] = Math.exp(value - total);
      });
      losses.data[offset / width] = total - row[targets.data[offset / width]!]!;
    });
    return [losses, probabilities];
  },
  crossEntropyGradient: (_, inputs) => {
    const [probabilities, targets, upstream] = inputs as readonly [RefArray, RefArray, RefArray];
    const width = probabilities.shape.at(-1)!;
    const result = refArray(probabilities.shape);
    forEachRow(probabilities, (row, offset) => {
      const i = offset / width;
      row.forEach((value, j) => {
        result.data[offset + j] = (value - (targets.data[i] === j ? 1 : 0)) * upstream.data[i]!;
      });
    });
    return [result];
  },

  cachedAttention: ({ scale }, inputs) => {
    const [q, k, v, pastK, pastV, mask] = inputs as readonly RefArray[] as [
      RefArray,
      RefArray,
      RefArray,
      RefArray,
      RefArray,
      RefArray,
    ];
    const [batch, heads, tokens, size] = q.shape as [number, number, number, number];
    const keyHeads = k.shape[1]!;
    const past = mask.shape[1]!;
    const result = refArray(q.shape);
    for (let b = 0; b < batch; b++) {
      for (let head = 0; head < heads; head++) {
        const group = b * keyHeads + Math.floor((head * keyHeads) / heads);
        for (let t = 0; t < tokens; t++) {
          const at = ((b * heads + head) * tokens + t) * size;
          const query = q.data.subarray(at, at + size);
          // The keys that token t may look at: all of the past, and new ones up to itself.
          const row = (array: RefArray, length: number, i: number): Float64Array =>
            array.data.subarray((group * length + i) * size, (group * length + i + 1) * size);
          const keys = Array.from({ length: past + t + 1 }, (_, i) =>
            i < past ? row(pastK, past, i) : row(k, tokens, i - past),
          );
          const scores = keys.map(
            (key, i) =>
              scale * key.reduce((sum, value, j) => sum + value * query[j]!, 0) +
              (i < past ? mask.data[b * past + i]! : 0),
          );
          const total = logSumExp(Float64Array.from(scores));
          scores.forEach((score, i) => {
            const value = i < past ? row(pastV, past, i) : row(v, tokens, i - past);
            for (let j = 0; j < size; j++)
              result.data[at + j] = result.data[at + j]! + Math.exp(score - total) * value[j]!;
          });
        }
      }
    }
    return [result];
  },
  sparseExperts: ({ k, renormalize }, inputs) => {
    const [x, logits, gateUp, down] = inputs as readonly RefArray[] as [
      RefArray,
      RefArray,
      RefArray,
      RefArray,
    ];
    const [experts, width, hidden] = down.shape as [number, number, number];
    const result = refArray(x.shape);
    forEachRow(logits, (row, offset) => {
      const at = (offset / experts) * width;
      const own = x.data.subarray(at, at + width);
      const order = Array.from(row.keys()).sort((a, b) => row[b]! - row[a]! || a - b);
      const chosen = order.slice(0, k);
      const total = logSumExp(renormalize ? Float64Array.from(chosen, (expert) => row[expert]!) : row);
      const dot = (matrix: RefArray, line: number, vector: Float64Array): number =>
        vector.reduce((sum, value, j) => sum + value * matrix.data[line * vector.length + j]!, 0);
      for (const expert of chosen) {
        const gate = Math.exp(row[expert]! - total);
        const inner = Float64Array.from({ length: hidden }, (_, i) => {
          const g = dot(gateUp, 2 * (expert * hidden + i), own);
          return (g / (1 + Math.exp(-g))) * dot(gateUp, 2 * (expert * hidden + i) + 1, own);
        });
        for (let j = 0; j < width; j++)
          result.data[at + j] = result.data[at + j]! + gate * dot(down, expert * width + j, inner);
      }
    });
    return [result];
  },
};
