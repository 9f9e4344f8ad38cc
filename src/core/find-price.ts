import type { Price } from '../schema/cost.ts'

/**
 * The price of a model by its name: the name itself, then without what programs put around it (who
 * serves it, a date, `-latest`, `-preview`), then entries that end in `*`, the longest first. Never a
 * name that is only like it: `gpt-5-mini` is not `gpt-5`.
 */
export function findPrice(model: string, prices: ReadonlyMap<string, Price>): Price | null {
  const names = namesOf(model)
  for (const name of names) {
    const price = prices.get(name)
    if (price) {
      return price
    }
  }
  const stars = [...prices.keys()]
    .filter((key) => key.endsWith('*') && names.some((name) => name.startsWith(key.slice(0, -1))))
    .toSorted((one, other) => other.length - one.length)
  return (stars[0] !== undefined && prices.get(stars[0])) || null
}

/** Who serves a model does not change its price; `ollama/` is not among them: that is one's own machine. */
const vendors = /^(?:(?:models|anthropic|openai|google|gemini|vertex_ai|openrouter)\/)+/

const endings =
  /(?:-latest|-preview|[-@]\d{8}|-\d{4}-\d{2}-\d{2}|-preview-\d{2}-\d{2,4}|\[\d+[km]\])$/i

/** A model's name, and shorter ones that mean the same, the most exact first. */
function namesOf(model: string): string[] {
  const names = [model, model.replace(vendors, '')]
  for (;;) {
    const last = names.at(-1)!
    const shorter = last.replace(endings, '')
    if (shorter === last || shorter === '') {
      return [...new Set(names)]
    }
    names.push(shorter)
  }
}
