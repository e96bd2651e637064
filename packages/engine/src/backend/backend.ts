import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor.ts';

export type Tensors = Readonly<Record<string, Tensor>>;

/** A graph made ready to run. */
export interface Executable {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Computes all outputs. `feeds` may hold more than the graph's inputs. Outputs named in `into` are written to the given
   * tensors' memory. Throws an Error naming a missing input, or one whose type or shape does not fit.
   */
  run(feeds: Tensors, into?: Tensors): Promise<Tensors>;
  dispose(): Promise<void>;
}

/** Something that runs graphs. Every backend passes the operation tests in `backend/conformance.test.ts`. */
export interface Backend {
  readonly name: string;
  compile(graph: Graph): Promise<Executable>;
}
