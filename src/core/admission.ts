/** What a machine has left, as far as its system tells. */
export interface MachineFacts {
  /** Memory that a new program could have, bytes; null: unknown. */
  freeBytes: number | null
  /** Share of the last ten seconds lost to waiting for memory, and for processors, percent; null: not told. */
  memoryPressure: number | null
  cpuPressure: number | null
  /** Programs that want a processor, for each processor. */
  loadPerCore: number
}

export interface MachineLimits {
  freeBytes: number
  memoryPressure: number
  cpuPressure: number
}

/** Without the kernel's own measure of pressure, more programs than this for each processor are too many. */
const mostLoadPerCore = 4

/** Why the machine should take no more programs now; null: it can. `neededBytes` is the new one's own limit. */
export function shortage(
  facts: MachineFacts,
  limits: MachineLimits,
  neededBytes: number | null,
): string | null {
  const needed = Math.max(limits.freeBytes, limits.freeBytes > 0 ? (neededBytes ?? 0) : 0)
  if (facts.freeBytes !== null && facts.freeBytes < needed) {
    return `${megabytes(facts.freeBytes)} of memory are free, ${megabytes(needed)} are needed`
  }
  if (facts.memoryPressure !== null && facts.memoryPressure > limits.memoryPressure) {
    return `the machine waits for memory ${Math.round(facts.memoryPressure)} % of the time`
  }
  if (facts.cpuPressure !== null) {
    return facts.cpuPressure > limits.cpuPressure
      ? `the machine waits for processors ${Math.round(facts.cpuPressure)} % of the time`
      : null
  }
  return facts.loadPerCore > mostLoadPerCore && limits.cpuPressure < 100
    ? `the load is ${facts.loadPerCore.toFixed(1)} for each processor`
    : null
}

const megabytes = (bytes: number): string => `${Math.floor(bytes / 1024 ** 2)} MB`
