import * as ort from 'onnxruntime-node';
import type { Graph } from '../../graph/graph.ts';
import type { DType, Tensor } from '../../tensor.ts';
import type { Backend, Executable, Tensors } from '../backend.ts';
import { requireFeeds } from '../feeds.ts';
import { emitOnnx } from './emit.ts';

export type OnnxBackendOptions = {
  /** Threads inside one operation. */
  readonly threads: number;
  /** Execution providers in order of preference, as ONNX Runtime names them. Default: `['cpu']`. */
  readonly providers?: readonly string[];
  /** Write the runtime's profile of every graph, a JSON file each, to paths with this prefix when it is disposed. */
  readonly profilePrefix?: string;
};

const ORT_TYPE = { f32: 'float32', i32: 'int32', i64: 'int64' } as const satisfies Record<DType, string>;
const DTYPE: Readonly<Record<string, DType>> = { float32: 'f32', int32: 'i32', int64: 'i64' };

/**
 * Runs graphs with ONNX Runtime. `run` blocks the thread it is called on for as long as the graph takes, so a process with
 * other duties calls it from a worker thread.
 */
export function onnxBackend(options: OnnxBackendOptions): Backend {
  const sessionOptions: ort.InferenceSession.SessionOptions = {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionProviders: [...(options.providers ?? ['cpu'])],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    // Both measured in bench/: memory patterns cost a quarter more memory and no less time.
    enableMemPattern: false,
    // Sessions of one process would otherwise spin against each other between calls.
    extra: { session: { force_spinning_stop: '1' } },
    ...(options.profilePrefix === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  };
  return {
    name: 'onnx',
    async compile(graph: Graph): Promise<Executable> {
      const session = await ort.InferenceSession.create(emitOnnx(graph), sessionOptions);
      return executable(graph, session, options.profilePrefix !== undefined);
    },
  };
}

function executable(graph: Graph, session: ort.InferenceSession, profiled: boolean): Executable {
  const inputNames = [...graph.inputs.keys()];
  const outputNames = [...graph.outputs.keys()];
  return {
    inputNames,
    outputNames,
    async run(feeds: Tensors, into: Tensors = {}): Promise<Tensors> {
      requireFeeds(graph, feeds);
      const fed: Record<string, ort.Tensor> = {};
      for (const name of inputNames) fed[name] = toOrt(feeds[name]!);
      const fetches: Record<string, ort.Tensor | null> = {};
      for (const name of outputNames) {
        const target = into[name];
        fetches[name] = target === undefined ? null : toOrt(target);
      }
      const results = await session.run(fed, fetches);
      const outputs: Record<string, Tensor> = {};
      for (const name of outputNames) {
        // Pre-allocated outputs are written in place, but another tensor object comes back for the same memory.
        outputs[name] = into[name] ?? fromOrt(results[name]!);
      }
      return outputs;
    },
    async dispose() {
      if (profiled) session.endProfiling();
      await session.release();
    },
  };
}

function toOrt(value: Tensor): ort.Tensor {
  return new ort.Tensor(ORT_TYPE[value.dtype], value.data, value.shape) as ort.Tensor;
}

function fromOrt(value: ort.Tensor): Tensor {
  const dtype = DTYPE[value.type];
  if (dtype === undefined) throw new TypeError(`the runtime returned a tensor of type ${value.type}`);
  return { dtype, shape: value.dims, data: value.data as Tensor['data'] };
}
