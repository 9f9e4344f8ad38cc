/** The value below which `share` of the samples lie; the nearest rank. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))
  return sorted[index] ?? Number.NaN
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5)
}

/** Runs the samples one of each kind after the other, so that what else the machine does hits all alike. */
export async function interleave(
  rounds: number,
  ...kinds: readonly ((round: number) => Promise<void>)[]
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      await kind(round)
    }
  }
}

export const formatMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`
export const formatMb = (mb: number): string => `${mb.toFixed(1)} MB`
export const formatRatio = (ratio: number): string => `${ratio.toFixed(2)}×`
/** A rate in thousands a second. */
export const formatRate = (perSecond: number, unit: string): string =>
  `${Math.round(perSecond / 1000)}k ${unit}/s`
