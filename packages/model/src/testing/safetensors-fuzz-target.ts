import { tensor } from '@connito/engine';
import { decodeSafetensors, encodeSafetensors } from '../checkpoint/safetensors.ts';
import { ModelError } from '../errors.ts';

/** `decodeSafetensors` on any bytes: refuses with its own error, or gives finite tensors that fill the file. */
export const safetensorsFuzzTarget = {
  name: 'safetensors',
  valid: [
    encodeSafetensors(new Map([['a', tensor(Float32Array.of(1, -2), [2])]]), 'F32'),
    encodeSafetensors(
      new Map([
        ['layer.0', tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
        ['layer.1', tensor(Float32Array.of(0), [1, 1])],
      ]),
      'BF16',
      { note: 'x' },
    ),
  ],
  maxRandomBytes: 128,
  run(bytes: Uint8Array): void {
    try {
      for (const [name, { shape, data }] of decodeSafetensors(bytes, 'fuzz')) {
        const elements = shape.reduce((product, size) => product * size, 1);
        if (data.length !== elements || 2 * elements > bytes.length)
          throw new Error(`"${name}" is not [${shape}]`);
        if (!(data as Float32Array).every(Number.isFinite)) throw new Error(`"${name}" is not finite`);
      }
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== 'checkpoint_corrupt') throw error;
    }
  },
};
