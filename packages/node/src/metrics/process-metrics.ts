import { statfs } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { counter, createMetrics, gauge, type Metrics, type MetricsRegistry } from './metric.ts';

/** What every process of the network says about itself. The first three names are those all Prometheus clients use. */
export const PROCESS_METRICS = {
  cpuSeconds: counter('process_cpu_seconds_total', 'Processor time of this process, in seconds.'),
  residentMemory: gauge('process_resident_memory_bytes', 'Memory this process holds now.'),
  startTime: gauge('process_start_time_seconds', 'When this process started, in seconds since 1970.'),
  peakMemory: gauge('connito_peak_memory_bytes', 'The most memory this process has held.'),
  eventLoop: gauge(
    'connito_event_loop_utilization_ratio',
    'Part of the time since the last scrape in which the main thread was busy, 0 to 1.',
  ),
  diskFree: gauge('connito_disk_free_bytes', "Space left on the file system of the node's directory."),
  diskSize: gauge('connito_disk_size_bytes', "Size of the file system of the node's directory."),
  build: gauge('connito_build_info', 'Always 1; the labels say what runs here.', ['version', 'node_version']),
} as const;

export type ProcessDescription = {
  readonly version: string;
  /** The node's own directory, whose file system is watched. */
  readonly directory: string;
};

/** Registers what a process says about itself; read anew whenever it is asked for. */
export function createProcessMetrics(
  { version, directory }: ProcessDescription,
  registry: MetricsRegistry,
): Metrics<typeof PROCESS_METRICS> {
  let countedCpuSeconds = 0;
  let utilization = performance.eventLoopUtilization();
  const metrics = createMetrics(PROCESS_METRICS, registry, {
    cpuSeconds: (metric) => {
      const { user, system } = process.cpuUsage();
      const seconds = (user + system) / 1e6;
      metric.inc(seconds - countedCpuSeconds);
      countedCpuSeconds = seconds;
    },
    residentMemory: (metric) => metric.set(process.memoryUsage.rss()),
    startTime: (metric) => metric.set(performance.timeOrigin / 1_000),
    // The system counts kibibytes.
    peakMemory: (metric) => metric.set(process.resourceUsage().maxRSS * 1_024),
    eventLoop: (metric) => {
      const now = performance.eventLoopUtilization();
      metric.set(performance.eventLoopUtilization(now, utilization).utilization);
      utilization = now;
    },
    diskFree: async (metric) => {
      const { bavail, bsize } = await statfs(directory);
      metric.set(bavail * bsize);
    },
    diskSize: async (metric) => {
      const { blocks, bsize } = await statfs(directory);
      metric.set(blocks * bsize);
    },
  });
  metrics.build.set({ version, node_version: process.versions.node }, 1);
  return metrics;
}
