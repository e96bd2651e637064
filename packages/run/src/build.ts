import { arch, cpus, platform } from 'node:os';

const MAX_LENGTH = 256;

/**
 * Names what computes losses here. Equal builds give equal losses bit for bit; others differ in the last digits. The processor
 * is part of it, since the engine chooses its kernels by it.
 */
export const BUILD = `connito 0.1.0 onnxruntime-node 1.30.0 ${platform()}-${arch()} ${processor()}`.slice(
  0,
  MAX_LENGTH,
);

function processor(): string {
  return (cpus()[0]?.model ?? 'unknown').replace(/\s+/g, ' ').trim();
}
