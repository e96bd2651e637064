import { type Backend, floats, graphOf, input, matmul, onnxBackend, tensor } from '@connito/engine';
import type { Finding } from './finding.ts';

/** Multiplies two small matrices with ONNX Runtime's CPU provider. */
export async function checkEngine(backend: Backend = onnxBackend({ threads: 1 })): Promise<Finding> {
  const product = matmul(input('a', 'f32', [2, 2]), input('b', 'f32', [2, 2]));
  const remedy = 'Run "npm ci" again; ONNX Runtime needs a 64-bit Linux (glibc), macOS or Windows.';
  try {
    const executable = await backend.compile(graphOf(new Map([['product', product]])));
    const feeds = {
      a: tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
      b: tensor(Float32Array.of(5, 6, 7, 8), [2, 2]),
    };
    const outputs = await executable.run(feeds);
    await executable.dispose();
    const values = [...floats(outputs.product!)];
    if (values.join() === '19,22,43,50') return { status: 'ok', found: 'ONNX Runtime computes on the CPU' };
    return { status: 'fail', found: `ONNX Runtime computes wrongly: ${values.join(', ')}`, remedy };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { status: 'fail', found: `ONNX Runtime does not work: ${why}`, remedy };
  }
}
